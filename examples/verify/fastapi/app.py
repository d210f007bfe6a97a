"""An API in FastAPI that verifies Latchkey's access tokens.

pip install fastapi uvicorn 'PyJWT[crypto]'
ISSUER=http://127.0.0.1:3000 uvicorn app:app --port 8080
"""

import os

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPBearer

ISSUER = os.environ["ISSUER"]
AUDIENCE = os.environ.get("AUDIENCE", ISSUER)
app, keys = FastAPI(), jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json", timeout=5)


# Not `async`: the fetch of the keys blocks, so FastAPI runs this on a thread.
def caller(bearer=Depends(HTTPBearer())):
    try:
        key = keys.get_signing_key_from_jwt(bearer.credentials)
        token = jwt.decode_complete(bearer.credentials, key, ["RS256"], audience=AUDIENCE, issuer=ISSUER, leeway=60)
        if token["header"].get("typ") != "at+jwt":
            raise jwt.InvalidTokenError("no access token")
        return token["payload"]
    except jwt.PyJWKClientConnectionError as error:
        raise HTTPException(503, "The keys cannot be reached") from error
    except jwt.PyJWTError as error:
        raise HTTPException(401, "Could not validate credentials", {"WWW-Authenticate": 'Bearer error="invalid_token"'}) from error


@app.get("/items")
def items(user=Depends(caller)):
    return [{"item_id": "Foo", "owner": user["sub"]}]

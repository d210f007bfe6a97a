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


class Keys(jwt.PyJWKClient):
    """The issuer's keys, for which any failed fetch is one of the connection."""

    def fetch_data(self):
        try:
            return super().fetch_data()
        # PyJWT has other errors for a response that is no key set, such as a page in HTML.
        except (jwt.PyJWTError, OSError, ValueError) as error:
            raise jwt.PyJWKClientConnectionError("no key set") from error


app, keys = FastAPI(), Keys(f"{ISSUER}/.well-known/jwks.json", timeout=5)


# Not `async`: the fetch of the keys blocks, so FastAPI runs this on a thread.
def caller(bearer=Depends(HTTPBearer())):
    try:
        key = keys.get_signing_key_from_jwt(bearer.credentials)
        token = jwt.decode_complete(bearer.credentials, key, ["RS256"], audience=AUDIENCE, issuer=ISSUER, leeway=60)
        if token["header"].get("typ") != "at+jwt":
            raise jwt.InvalidTokenError("no access token")
        return token["payload"]
    # It says nothing about the token, and a 401 would log users out.
    except jwt.PyJWKClientConnectionError as error:
        raise HTTPException(503, "The keys cannot be reached") from error
    except jwt.PyJWTError as error:
        raise HTTPException(401, "Could not validate credentials", {"WWW-Authenticate": 'Bearer error="invalid_token"'}) from error


@app.get("/items")
def items(user=Depends(caller)):
    return [{"item_id": "Foo", "owner": user["sub"]}]

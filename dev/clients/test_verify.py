"""The APIs of examples/verify, beside a service of their own, whose private keys the test can read."""

import json
import re
import shutil
import sys
from pathlib import Path

import jwt
import pytest
import requests
from conftest import started

HERE = Path(__file__).parent
RECIPES = HERE.parents[1] / "examples" / "verify"


def copied(recipe):
    """Copies a file to where Node.js finds the packages of this folder."""
    folder = HERE / "node_modules" / ".verify"
    folder.mkdir(exist_ok=True)
    return shutil.copy(RECIPES / recipe, folder / recipe.replace("/", "-"))


# The command of each recipe, given the folder of the workspace's programs.
COMMANDS = {
    "fastapi": lambda _: [sys.executable, "-m", "uvicorn", "app:app", "--app-dir", RECIPES / "fastapi", "--port", "0"],
    "express": lambda _: ["node", copied("express/app.mjs")],
    "aws-jwt-verify": lambda _: ["node", HERE / "lambda.mjs", copied("aws-jwt-verify/index.mjs")],
    "axum": lambda programs: [programs / "verify-axum"],
}


@pytest.fixture(scope="module")
def service(programs, tmp_path_factory):
    """The service's URL and the file of its private keys."""
    folder = tmp_path_factory.mktemp("service")
    command = [programs / "local", "--port", "0", "--dynamodb-port", "0", "--data-dir", folder / "data"]
    with started(command, folder / "log", "Ctrl-C") as printed:
        yield re.search(r"^Latchkey +(\S+)", printed, re.MULTILINE)[1], folder / "data" / "signing-keys.json"


@pytest.fixture(scope="module")
def signed(service, fresh_user, log_in):
    """Returns an access token of the service, and a function that signs others with the service's own key."""
    url, ring = service
    token = log_in(fresh_user(url), url)
    head, claims = jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})
    pem = json.loads(ring.read_text())["keys"][0]["pem"]

    def sign(typ="at+jwt", kid=head["kid"], **other):
        return jwt.encode({**claims, **other}, pem, head["alg"], {"kid": kid, "typ": typ})

    return token, claims, sign


@pytest.fixture(params=COMMANDS)
def items(request, programs, tmp_path):
    """Starts a recipe's API for an issuer and returns a function that calls its route."""
    running = []

    def start(issuer):
        context = started(COMMANDS[request.param](programs), tmp_path / "log", "http://", ISSUER=issuer, PORT="0")
        running.append(context)
        url = re.search(r"http://[\d.:]+", context.__enter__())[0]

        def call(authorization=None):
            headers = {"Authorization": authorization} if authorization else {}
            return requests.get(f"{url}/items", headers=headers, timeout=10)

        return call

    yield start
    for context in running:
        context.__exit__(None, None, None)


def test_a_recipe_accepts_access_tokens_for_its_api_and_nothing_else(service, items, signed):
    call, (token, claims, sign) = items(service[0]), signed
    accepted = call(f"Bearer {token}")
    assert (accepted.status_code, accepted.json()[0]["owner"]) == (200, claims["sub"])

    # The service's own key signs, so each of these is rejected for its one reason.
    assert call(f"Bearer {sign()}").status_code == 200
    assert call(f"Bearer {sign(exp=claims['iat'] - 30)}").status_code == 200, "expired within the leeway"
    for authorization in [
        f"Bearer {sign(exp=claims['iat'] - 70)}",
        f"Bearer {sign(aud='https://another.example')}",
        f"Bearer {sign(iss=claims['iss'] + '/')}",
        # ID tokens.
        f"Bearer {sign(typ='JWT')}",
        f"Bearer {sign(typ=None)}",
        f"Bearer {sign(kid='unknown')}",
        f"Bearer {token[:-20]}{token[-10:]}",
        f"Bearer {jwt.encode(claims, None, 'none', {'typ': 'at+jwt'})}",
        "Bearer x.y.z",
        None,
    ]:
        rejected = call(authorization)
        assert (rejected.status_code, rejected.headers.get("www-authenticate", "")[:6]) == (401, "Bearer"), authorization
    # To express-oauth2-jwt-bearer another scheme is a malformed request.
    assert call("Basic Og==").status_code in (400, 401)


def test_a_recipe_responds_503_and_not_401_where_the_keys_cannot_be_reached(items, signed):
    assert items("http://127.0.0.1:9")(f"Bearer {signed[0]}").status_code == 503

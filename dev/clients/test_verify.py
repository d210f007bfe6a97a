"""The APIs of examples/verify, beside a service of their own, whose private keys the test can read."""

import contextlib
import json
import re
import shutil
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jwt
import pytest
import requests
from conftest import started, until

HERE = Path(__file__).parent
RECIPES = HERE.parents[1] / "examples" / "verify"


def copied(recipe):
    """Copies a file to where Node.js finds the packages of this folder."""
    folder = HERE / "node_modules" / ".verify"
    folder.mkdir(exist_ok=True)
    return shutil.copy(RECIPES / recipe, folder / recipe.replace("/", "-"))


# How an issuer answers that has no keys to give.
FAILURES = [(500, b""), (200, b"<!doctype html><title>Maintenance</title>")]

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


@pytest.fixture
def items(programs, tmp_path):
    """Starts a recipe's API for an issuer and returns a function that calls its route."""
    with contextlib.ExitStack() as running:

        def start(recipe, issuer):
            command = COMMANDS[recipe](programs)
            printed = running.enter_context(started(command, tmp_path / recipe, "http://", ISSUER=issuer, PORT="0"))
            url = re.search(r"http://[\d.:]+", printed)[0]

            def call(authorization=None):
                headers = {"Authorization": authorization} if authorization else {}
                return requests.get(f"{url}/items", headers=headers, timeout=10)

            return call

        yield start


@pytest.fixture
def issuer(service):
    """An issuer that publishes the service's keys, until `answer` is something else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, body = self.server.answer
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.answer = 200, requests.get(f"{service[0]}/.well-known/jwks.json", timeout=10).content
        server.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize("recipe", COMMANDS)
def test_a_recipe_accepts_access_tokens_for_its_api_and_nothing_else(recipe, service, items, signed):
    call, (token, claims, sign) = items(recipe, service[0]), signed
    accepted = call(f"Bearer {token}")
    assert (accepted.status_code, accepted.json()[0]["owner"]) == (200, claims["sub"])

    # The service's own key signs, so each of these is rejected for its one reason.
    assert call(f"Bearer {sign()}").status_code == 200
    assert call(f"Bearer {sign(exp=claims['iat'] - 30)}").status_code == 200, "expired within the leeway"
    # Whether a client's own token is accepted is up to the route.
    assert call(f"Bearer {sign(sub='client', client_id='client')}").json()[0]["owner"] == "client"
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


@pytest.mark.parametrize("recipe", COMMANDS)
@pytest.mark.parametrize("answer", [None, *FAILURES])
def test_a_recipe_responds_503_and_not_401_where_there_are_no_keys(recipe, answer, issuer, items, signed):
    issuer.answer = answer
    call = items(recipe, issuer.url if answer else "http://127.0.0.1:9")
    assert [call(f"Bearer {signed[0]}").status_code for _ in range(2)] == [503, 503]


def test_a_recipe_responds_503_and_not_401_to_a_new_key_it_cannot_fetch(issuer, items, signed):
    calls, sign = {recipe: items(recipe, issuer.url) for recipe in COMMANDS}, signed[2]
    known, new = (f"Bearer {sign(iss=issuer.url, aud=issuer.url, **key)}" for key in ({}, {"kid": "new"}))
    for recipe, call in calls.items():
        assert call(known).status_code == 200, recipe
    for issuer.answer in FAILURES:
        for recipe, call in calls.items():
            # For 30 seconds after a fetch some do not look for a new key.
            until(lambda call=call: call(new).status_code == 503)
            assert [call(token).status_code for token in (new, new, known)] == [503, 503, 200], recipe

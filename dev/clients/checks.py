"""What the Python clients share: a fresh user, and checks that are sentences."""

import os
import sys
import traceback
import uuid

import requests

URL = os.environ["LATCHKEY_URL"]
PASSWORD = "correct horse battery"
TOKEN_URL = f"{URL}/token"
# The tokens' `aud`: the issuer, unless the service has been told another.
AUDIENCE = os.environ.get("LATCHKEY_AUDIENCE", URL)
ME_URL = f"{URL}/users/me"

# These libraries refuse plain http, also on loopback, unless told.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"


def fresh_user(url=URL):
    name = "user" + uuid.uuid4().hex
    answer = requests.post(f"{url}/register", json={"username": name, "password": PASSWORD}, timeout=10)
    assert answer.status_code == 201, answer.text
    return name


def log_in(name, url=URL):
    """The access token of a log-in."""
    answer = requests.post(f"{url}/token", data={"username": name, "password": PASSWORD}, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


def raises(kind, call):
    """The error that a call raises, which must be of this very kind: a parse failure would be another."""
    try:
        call()
    except kind as error:
        print(f"     {kind.__module__}.{kind.__qualname__}: {error}")
        return error
    raise AssertionError(f"no {kind.__name__} was raised")


def run(checks):
    passed = failed = 0
    for check in checks:
        try:
            check()
            print("ok  ", check.__name__.replace("_", " "))
            passed += 1
        except Exception:
            print("FAIL", check.__name__.replace("_", " "))
            traceback.print_exc()
            failed += 1
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)

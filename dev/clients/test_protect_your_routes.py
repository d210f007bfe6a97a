"""The app of docs/protect-your-routes.md, as it stands there, beside a service of its own, whose private keys the test can read."""

import json
import re
import sys
from pathlib import Path

import jwt
import pytest
import requests
from conftest import started

PAGE = Path(__file__).parents[2] / "docs" / "protect-your-routes.md"


@pytest.fixture
def service(programs, tmp_path):
    """The service's URL and the file of its private keys."""
    data = tmp_path / "data"
    command = [programs / "local", "--port", "0", "--dynamodb-port", "0", "--data-dir", data]
    with started(command, tmp_path / "service.log", "Ctrl-C") as printed:
        yield re.search(r"^Latchkey +(\S+)", printed, re.MULTILINE)[1], data / "signing-keys.json"


@pytest.fixture
def items(service, tmp_path):
    """Calls the app's route with an `Authorization` header, or without one."""
    [app] = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "app.py").write_text(app)
    command = [sys.executable, "-m", "uvicorn", "app:app", "--app-dir", tmp_path, "--port", "0"]
    with started(command, tmp_path / "app.log", "Uvicorn running on", ISSUER=service[0]) as printed:
        url = re.search(r"Uvicorn running on (\S+)", printed)[1]

        def call(authorization=None):
            headers = {"Authorization": authorization} if authorization else {}
            return requests.get(f"{url}/items", headers=headers, timeout=10)

        yield call


def test_the_app_of_the_page_accepts_fresh_access_tokens_for_it_and_nothing_else(service, items, fresh_user, log_in):
    url, ring = service
    token = log_in(fresh_user(url), url)
    head, claims = jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})
    accepted = items(f"Bearer {token}")
    assert (accepted.status_code, accepted.json()[0]["owner"]) == (200, claims["sub"])

    # The service's own key signs, so each of these is rejected for its one reason.
    pem = json.loads(ring.read_text())["keys"][0]["pem"]

    def signed(typ="at+jwt", **other):
        return "Bearer " + jwt.encode({**claims, **other}, pem, head["alg"], {"kid": head["kid"], "typ": typ})

    assert items(signed()).status_code == 200
    assert items(signed(exp=claims["iat"] - 30)).status_code == 200, "expired within the leeway"
    for authorization in [
        signed(exp=claims["iat"] - 70),
        signed(aud="https://another.example"),
        signed(iss=f"{url}/"),
        signed(typ="JWT"),
        "Bearer x.y.z",
        f"Bearer {token[:-20]}{token[-10:]}",
        "Basic Og==",
        None,
    ]:
        rejected = items(authorization)
        assert (rejected.status_code, rejected.headers["www-authenticate"][:6]) == (401, "Bearer"), authorization

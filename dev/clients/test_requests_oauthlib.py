"""requests-oauthlib: LegacyApplicationClient is its name for the password grant."""

import time

import pytest
from conftest import until
from oauthlib.oauth2 import LegacyApplicationClient
from oauthlib.oauth2.rfc6749.errors import InvalidGrantError
from requests_oauthlib import OAuth2Session

# By default it sends its client id in Basic: `cli:`, without a secret.
BOTH = pytest.mark.parametrize("options", [{}, {"include_client_id": True}], ids=["Basic", "the client id in the form"])


@pytest.fixture
def client():
    return OAuth2Session(client=LegacyApplicationClient(client_id="cli"))


@BOTH
def test_t_23_requests_oauthlib_logs_in_and_reads_the_user(url, user, client, options):
    token = client.fetch_token(f"{url}/token", **user, **options)
    assert (token["token_type"], token["expires_in"]) == ("bearer", 1800)
    assert client.get(f"{url}/users/me").json()["username"] == user["username"]


@BOTH
def test_t_23_requests_oauthlib_shows_a_wrong_password_as_invalid_grant(url, user, client, options):
    with pytest.raises(InvalidGrantError) as raised:
        client.fetch_token(f"{url}/token", username=user["username"], password="wrong", **options)
    assert raised.value.description == "Incorrect username or password"


def test_requests_oauthlib_refreshes_by_itself_until_it_logs_out(rotating_url, fresh_user):
    url, kept = rotating_url, []
    options = {"auto_refresh_url": f"{url}/token", "auto_refresh_kwargs": {"client_id": "cli"}, "token_updater": kept.append}
    client = OAuth2Session(client=LegacyApplicationClient(client_id="cli"), **options)
    user = fresh_user(url)
    first = client.fetch_token(f"{url}/token", **user)

    def refreshed():
        client.token = {**client.token, "expires_at": time.time() - 1}
        assert client.get(f"{url}/users/me").json()["username"] == user["username"]
        assert kept[-1]["access_token"] == client.token["access_token"] != first["access_token"]
        return kept[-1]["refresh_token"] != first["refresh_token"]

    until(refreshed)
    [session] = client.get(f"{url}/sessions").json()
    assert session["current"]
    ended = client.post(f"{url}/revoke", data={"token": kept[-1]["refresh_token"]}, withhold_token=True)
    assert (ended.status_code, ended.text) == (200, "")
    assert client.get(f"{url}/users/me").json()["error"] == "invalid_token"
    with pytest.raises(InvalidGrantError):
        refreshed()

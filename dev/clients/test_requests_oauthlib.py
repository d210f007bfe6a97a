"""requests-oauthlib: LegacyApplicationClient is its name for the password grant."""

import pytest
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

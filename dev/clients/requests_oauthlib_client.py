"""requests-oauthlib (T-23): LegacyApplicationClient is its name for the password grant."""

from oauthlib.oauth2 import LegacyApplicationClient
from oauthlib.oauth2.rfc6749.errors import InvalidGrantError
from requests_oauthlib import OAuth2Session

from checks import ME_URL, PASSWORD, TOKEN_URL, fresh_user, raises, run


def session(client_id="cli"):
    return OAuth2Session(client=LegacyApplicationClient(client_id=client_id))


def it_logs_in_and_reads_the_user():
    # By its default it sends its client id in Basic: `cli:`, without a secret.
    name, client = fresh_user(), session()
    token = client.fetch_token(TOKEN_URL, username=name, password=PASSWORD)
    assert token["token_type"] == "bearer" and token["expires_in"] == 1800, token
    assert client.get(ME_URL).json()["username"] == name


def it_logs_in_with_its_client_id_in_the_form():
    name, client = fresh_user(), session()
    assert client.fetch_token(TOKEN_URL, username=name, password=PASSWORD, include_client_id=True)["access_token"]


def it_shows_a_wrong_password_as_invalid_grant():
    name, client = fresh_user(), session()
    error = raises(InvalidGrantError, lambda: client.fetch_token(TOKEN_URL, username=name, password="wrong"))
    assert error.description == "Incorrect username or password", error.description


run([
    it_logs_in_and_reads_the_user,
    it_logs_in_with_its_client_id_in_the_form,
    it_shows_a_wrong_password_as_invalid_grant,
])

"""Authlib (T-23): by its defaults, with Basic, and with no client id."""

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from checks import ME_URL, PASSWORD, TOKEN_URL, fresh_user, raises, run


def logs_in(client):
    name = fresh_user()
    token = client.fetch_token(TOKEN_URL, username=name, password=PASSWORD)
    assert token["token_type"] == "bearer", token
    assert client.get(ME_URL).json()["username"] == name


def it_logs_in_by_its_defaults():
    logs_in(OAuth2Session("cli", "secret"))


def it_logs_in_with_basic():
    logs_in(OAuth2Session("cli", "secret", token_endpoint_auth_method="client_secret_basic"))


def it_logs_in_with_an_empty_pair_in_basic_as_swagger_ui_sends_it_t_10():
    logs_in(OAuth2Session("", "", token_endpoint_auth_method="client_secret_basic"))


def it_logs_in_with_the_client_in_the_form():
    logs_in(OAuth2Session("cli", "secret", token_endpoint_auth_method="client_secret_post"))


def it_logs_in_with_no_client_id():
    logs_in(OAuth2Session(token_endpoint_auth_method="none"))


def it_shows_a_wrong_password_as_invalid_grant():
    name, client = fresh_user(), OAuth2Session("cli", "secret")
    error = raises(OAuthError, lambda: client.fetch_token(TOKEN_URL, username=name, password="wrong"))
    assert error.error == "invalid_grant", error
    assert error.description == "Incorrect username or password", error


run([
    it_logs_in_by_its_defaults,
    it_logs_in_with_basic,
    it_logs_in_with_an_empty_pair_in_basic_as_swagger_ui_sends_it_t_10,
    it_logs_in_with_the_client_in_the_form,
    it_logs_in_with_no_client_id,
    it_shows_a_wrong_password_as_invalid_grant,
])

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


def it_logs_in_by_its_defaults_for_a_client_without_a_secret():
    logs_in(OAuth2Session("cli"))


def it_logs_in_where_it_was_given_no_client_id_and_sends_the_word_none():
    # Authlib writes `client_id=None` into the form, in letters.
    logs_in(OAuth2Session())


def it_logs_in_with_no_client_id_at_all():
    logs_in(OAuth2Session(token_endpoint_auth_method=as_it_is))


def as_it_is(client, method, uri, headers, body):
    assert "client_id" not in body and "Authorization" not in headers, body
    return uri, headers, body


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
    it_logs_in_by_its_defaults_for_a_client_without_a_secret,
    it_logs_in_where_it_was_given_no_client_id_and_sends_the_word_none,
    it_logs_in_with_no_client_id_at_all,
    it_shows_a_wrong_password_as_invalid_grant,
])

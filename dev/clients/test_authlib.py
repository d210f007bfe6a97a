"""Authlib: by its defaults, with Basic, and without a client id."""

import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session


def unchanged(client, method, uri, headers, body):
    assert "client_id" not in body and "Authorization" not in headers, body
    return uri, headers, body


CLIENTS = {
    "its defaults": {"client_id": "cli", "client_secret": "secret"},
    "Basic": {"client_id": "cli", "client_secret": "secret", "token_endpoint_auth_method": "client_secret_basic"},
    # T-10; Swagger UI sends it.
    "an empty pair in Basic": {"client_id": "", "client_secret": "", "token_endpoint_auth_method": "client_secret_basic"},
    "the client in the form": {"client_id": "cli", "client_secret": "secret", "token_endpoint_auth_method": "client_secret_post"},
    "its defaults and no secret": {"client_id": "cli"},
    # Authlib then sends the letters `client_id=None`.
    "its defaults and no client id": {},
    "no client id at all": {"token_endpoint_auth_method": unchanged},
}


@pytest.fixture(params=CLIENTS.values(), ids=CLIENTS)
def client(request):
    return OAuth2Session(**request.param)


def test_t_23_authlib_logs_in_and_reads_the_user(url, user, client):
    token = client.fetch_token(f"{url}/token", **user)
    assert token["token_type"] == "bearer"
    assert client.get(f"{url}/users/me").json()["username"] == user["username"]


def test_t_23_authlib_shows_a_wrong_password_as_invalid_grant(url, user, client):
    with pytest.raises(OAuthError) as raised:
        client.fetch_token(f"{url}/token", username=user["username"], password="wrong")
    assert (raised.value.error, raised.value.description) == ("invalid_grant", "Incorrect username or password")

"""Authlib: by its defaults, with Basic, and without a client id."""

import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from conftest import until


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


def expire(client):
    client.token = {**client.token, "expires_at": 1}


def test_authlib_refreshes_and_logs_out_however_it_names_its_client(url, user, client):
    client.metadata["token_endpoint"] = f"{url}/token"
    first = client.fetch_token(f"{url}/token", **user)["access_token"]
    expire(client)
    assert client.get(f"{url}/users/me").json()["username"] == user["username"]
    assert client.token["access_token"] != first
    ended = client.revoke_token(f"{url}/revoke", client.token["refresh_token"], "refresh_token")
    assert (ended.status_code, ended.text) == (200, "")
    expire(client)
    with pytest.raises(OAuthError) as raised:
        client.get(f"{url}/users/me")
    assert raised.value.error == "invalid_grant"


def test_authlib_hands_each_new_refresh_token_to_update_token(rotating_url, fresh_user):
    kept = []
    url, client = rotating_url, OAuth2Session("cli", token_endpoint=f"{rotating_url}/token", update_token=lambda token, **_: kept.append(token))
    first = client.fetch_token(f"{url}/token", **fresh_user(url))

    def replaced():
        expire(client)
        assert client.ensure_active_token()
        return kept[-1]["refresh_token"] != first["refresh_token"]

    until(replaced)
    assert [session["current"] for session in client.get(f"{url}/sessions").json()] == [True]

"""The service under test and its users."""

import os
import uuid

import pytest
import requests

# These libraries reject plain HTTP by default, even on loopback.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"


@pytest.fixture(scope="session")
def url():
    return os.environ["LATCHKEY_URL"]


@pytest.fixture(scope="session")
def audience(url):
    """The tokens' `aud`: the issuer, unless the service is configured otherwise."""
    return os.environ.get("LATCHKEY_AUDIENCE", url)


@pytest.fixture(scope="session")
def fresh_user(url):
    """Registers a user and returns the username and the password, as the form of a log-in has them."""

    def register(url=url):
        user = {"username": "user" + uuid.uuid4().hex, "password": "correct horse battery"}
        response = requests.post(f"{url}/register", json=user, timeout=10)
        assert response.status_code == 201, response.text
        return user

    return register


@pytest.fixture
def user(fresh_user):
    return fresh_user()


@pytest.fixture(scope="session")
def log_in(url):
    """Logs a user in and returns the access token."""

    def request(user, url=url):
        response = requests.post(f"{url}/token", data=user, timeout=10)
        assert response.status_code == 200, response.text
        return response.json()["access_token"]

    return request


@pytest.fixture
def token(log_in, user):
    return log_in(user)

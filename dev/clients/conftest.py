"""The service under test and its users."""

import contextlib
import os
import subprocess
import time
import uuid
from pathlib import Path

import pytest
import requests

# These libraries reject plain HTTP by default, even on loopback.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"


@contextlib.contextmanager
def started(command, log, ready, **variables):
    """Runs a program until the block ends, which begins with what the program had printed when it was ready."""
    with log.open("w") as output:
        program = subprocess.Popen(command, env={**os.environ, **variables}, stdout=output, stderr=output)
    try:
        deadline = time.time() + 60
        while ready not in log.read_text():
            assert program.poll() is None and time.time() < deadline, log.read_text()
            time.sleep(0.1)
        yield log.read_text()
    finally:
        program.terminate()
        program.wait(timeout=10)


def until(condition):
    """Repeats a call until it returns what is true; within a minute, as a refresh token is replaced after 30 seconds by default."""
    deadline = time.time() + 60
    while not condition():
        assert time.time() < deadline, "not within a minute"
        time.sleep(0.1)


@pytest.fixture(scope="session")
def programs():
    """The folder of `local` and `latchkey`, for tests that start a service of their own."""
    if "LATCHKEY_PROGRAMS" not in os.environ:
        pytest.skip("LATCHKEY_PROGRAMS names no folder with `local` and `latchkey`, to start a service")
    return Path(os.environ["LATCHKEY_PROGRAMS"])


@pytest.fixture(scope="session")
def url():
    return os.environ["LATCHKEY_URL"]


@pytest.fixture(scope="session")
def audience(url):
    """The tokens' `aud`: the issuer, unless the service is configured otherwise."""
    return os.environ.get("LATCHKEY_AUDIENCE", url)


@pytest.fixture(scope="session")
def rotating_url(url):
    """A service that replaces refresh tokens after seconds; with a URL given, after its own window."""
    return os.environ.get("LATCHKEY_ROTATING_URL", url)


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

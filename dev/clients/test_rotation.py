"""A rotation beside PyJWT verifiers: `cargo dev` and `latchkey keys rotate` with times of seconds, for a bit more than two minutes.

It starts a service of its own: the keys of the other tests' service have the real times.
"""

import json
import os
import re
import subprocess
import time
from datetime import datetime

import jwt
import pytest
import requests
from conftest import started

# A key leaves after two rotations, a lifetime and a lead: 96 seconds. The lifetime cannot be shorter, and the lead must be longer than
# a slow machine takes for the first log-in and the first rotation.
LEAD, ROTATION, LIFETIME = 12, 12, 60
TIMES = {"KEY_LEAD_SECONDS": str(LEAD), "KEY_ROTATION_SECONDS": str(ROTATION), "ACCESS_TOKEN_SECONDS": str(LIFETIME)}
# Between two looks at what time alone changes.
POLL, SLOW_POLL = 0.3, 2.0
# What a look may be late, in seconds: dates are whole seconds.
LATE = 5


def kid_of(token):
    return jwt.get_unverified_header(token)["kid"]


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def until(deadline, pause):
    """Repeats a loop until it breaks off, which must be before a deadline."""
    while time.time() < deadline:
        yield
        time.sleep(pause)
    pytest.fail("it did not happen in time")


class Service:
    """A service with every token that it has issued."""

    def __init__(self, url, dynamodb, rotate):
        self.url, self.dynamodb, self.run_rotation = url, dynamodb, rotate
        self.jwks_uri = requests.get(f"{url}/.well-known/openid-configuration", timeout=10).json()["jwks_uri"]
        # Fetches again when its copy is as old as the lead allows, and never for an unknown `kid`: it rejects a key that signs too
        # soon. A second less, since dates are whole seconds.
        self.slow = jwt.PyJWKClient(self.jwks_uri, lifespan=LEAD - 1, cooldown_duration=3600)
        self.tokens = []

    def rotate(self):
        """Returns each key's id with its dates: it is published at, it signs from, it leaves at."""
        done = subprocess.run(
            [*self.run_rotation, "--endpoint", self.dynamodb, "--output", "json"],
            env={**os.environ, **TIMES}, check=True, capture_output=True, text=True, timeout=60,
        )
        dates = ("published_at", "signs_from", "drop_at")
        time_of = lambda date: datetime.strptime(date, "%Y-%m-%dT%H:%M:%S%z").timestamp()
        keys = map(json.loads, done.stdout.splitlines())
        return {key["id"]: [time_of(key[name]) for name in dates] for key in keys}

    def published(self):
        """Returns the key ids of the JWK Set of this moment."""
        return [key.key_id for key in self.fresh().get_signing_keys()]

    def fresh(self):
        return jwt.PyJWKClient(self.jwks_uri, cache_jwk_set=False)

    def status_of_me(self, token):
        return requests.get(f"{self.url}/users/me", headers={"Authorization": f"Bearer {token}"}, timeout=10).status_code

    def accept(self, token, fresh):
        for client in (fresh, self.slow):
            key = client.get_signing_key_from_jwt(token)
            jwt.decode(token, key, algorithms=["RS256"], audience=self.url, issuer=self.url)
        assert self.status_of_me(token) == 200, "the service rejects it"

    def accept_all(self):
        """Verifies every token that has not expired, until its last second."""
        fresh = jwt.PyJWKClient(self.jwks_uri)
        for token in self.tokens:
            if time.time() < claims_of(token)["exp"] - 1:
                self.accept(token, fresh)


@pytest.fixture
def service(programs, tmp_path):
    data = ["--data-dir", tmp_path / "data"]
    command = [programs / "local", "--port", "0", "--dynamodb-port", "0", *data]
    with started(command, tmp_path / "log", "Ctrl-C", **TIMES) as printed:
        url, dynamodb = re.findall(r"^(?:Latchkey|DynamoDB) +(\S+)", printed, re.MULTILINE)
        yield Service(url, dynamodb, [programs / "latchkey", "keys", "rotate", *data])


def test_a_rotation_publishes_uses_and_retires_keys_while_every_token_verifies(service, fresh_user, log_in):
    user = fresh_user(service.url)

    def issue():
        nonlocal user
        # One log-in more than a user's sessions would end the first of them.
        if len(service.tokens) % 20 == 19:
            user = fresh_user(service.url)
        token = log_in(user, service.url)
        service.accept(token, service.fresh())
        service.tokens.append(token)
        return token

    # One key signs while the next is published.
    first = issue()
    old, before = kid_of(first), service.published()
    assert len(before) == 2 and old in before
    [following] = [kid for kid in before if kid != old]

    # A rotation publishes one more key, which does not sign yet.
    keys = service.rotate()
    now, published = time.time(), service.published()
    [new] = [kid for kid in published if kid not in before]
    assert set(before) < set(published) and set(keys) == set(published)
    assert keys[new][1] - now >= LEAD, "the new key would sign too soon"
    assert keys[following][1] > now, "this test is too slow: the next key may sign already"
    assert kid_of(issue()) == old
    service.accept_all()

    # The next key signs after its lead.
    signs_from = keys[following][1]
    for _ in until(signs_from + LATE, POLL):
        token = issue()
        if kid_of(token) == following:
            break
        assert kid_of(token) == old and claims_of(token)["iat"] < signs_from
    assert claims_of(token)["iat"] >= signs_from, "it signs before its time"
    service.accept_all()

    # The old key stays until its last token has expired, and then leaves.
    leaves_at, expired = keys[old][2], False
    for _ in until(leaves_at + SLOW_POLL + LATE, SLOW_POLL):
        begun = time.time()
        if old not in service.published():
            assert time.time() >= leaves_at, "it left too early"
            break
        assert begun < leaves_at + 1, "it is published after its time"
        issue()
        service.accept_all()
        if not expired and begun >= claims_of(first)["exp"]:
            expired, key = True, service.fresh().get_signing_key_from_jwt(first)
            with pytest.raises(jwt.ExpiredSignatureError):
                jwt.decode(first, key, algorithms=["RS256"], audience=service.url)
    assert expired, "the first token outlived its key"

    # A token of the old key is rejected, and every other verifies.
    with pytest.raises(jwt.PyJWKClientError):
        service.fresh().get_signing_key_from_jwt(first)
    assert service.status_of_me(first) == 401
    issue()
    service.accept_all()

"""A rotation, walked by HTTP alone beside verifiers of PyJWT: `cargo dev` and `cargo rotate` with times that are seconds.

It starts a service of its own: the keys of the one that the other clients use have the real times.
"""

import os
import re
import subprocess
import tempfile
import time
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import jwt
import requests

from checks import fresh_user, log_in, raises, run

# A key leaves when two rotations, a life and a lead have gone by: 92 seconds. The life cannot be shorter.
LEAD, ROTATION, LIFE = 8, 12, 60
TIMES = {"KEY_LEAD_SECONDS": str(LEAD), "KEY_ROTATION_SECONDS": str(ROTATION), "ACCESS_TOKEN_SECONDS": str(LIFE)}
PROGRAMS = Path(os.environ["LATCHKEY_TARGET"]) / "debug"
# Between two looks at what time alone changes.
POLL, SLOW_POLL = 0.3, 2.0
# What a look may be late, in seconds: dates are whole seconds.
LATE = 2


def kid_of(token):
    return jwt.get_unverified_header(token)["kid"]


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def until(deadline, pause):
    """Goes on until a loop breaks off, which must be before a deadline."""
    while time.time() < deadline:
        yield
        time.sleep(pause)
    raise AssertionError("it did not come about in time")


class Walk:
    def __init__(self, url, rotate):
        self.url, self.rotate = url, rotate
        self.begun = time.time()
        self.user = fresh_user(url)
        self.jwks_uri = requests.get(f"{url}/.well-known/openid-configuration", timeout=10).json()["jwks_uri"]
        # It looks again when its copy is as old as the lead allows, and never because of a `kid` that it does not know: a key that
        # signs too soon is one that it refuses. A second less, since dates are whole seconds.
        self.slow = jwt.PyJWKClient(self.jwks_uri, lifespan=LEAD - 1, cooldown_duration=3600)
        self.tokens = []

    def say(self, what):
        print(f"     {time.time() - self.begun:5.1f} s  {what}")

    def published(self):
        """The key ids of the JWK Set of this moment."""
        return [key.key_id for key in self.client().get_signing_keys()]

    def client(self):
        return jwt.PyJWKClient(self.jwks_uri, cache_jwk_set=False)

    def log_in(self):
        token = log_in(self.user, self.url)
        self.verify(token, self.client())
        self.tokens.append(token)
        return token

    def verify(self, token, fresh):
        for client in (fresh, self.slow):
            key = client.get_signing_key_from_jwt(token)
            jwt.decode(token, key, algorithms=["RS256"], audience=self.url, issuer=self.url)
        assert self.me(token) == 200, "our own route refuses it"

    def me(self, token):
        return requests.get(f"{self.url}/users/me", headers={"Authorization": f"Bearer {token}"}, timeout=10).status_code

    def verify_all(self):
        """Every token that has been issued and has not ended: until its last second."""
        fresh = jwt.PyJWKClient(self.jwks_uri)
        living = [token for token in self.tokens if time.time() < claims_of(token)["exp"] - 1]
        for token in living:
            self.verify(token, fresh)
        return len(living)

    def one_key_signs_while_the_next_is_published(self):
        self.first = self.log_in()
        old = kid_of(self.first)
        published = self.published()
        assert len(published) == 2 and old in published, published
        [self.next] = [kid for kid in published if kid != old]
        self.say(f"{old[:8]} signs, {self.next[:8]} is published")

    def a_rotation_publishes_one_more_key_and_signs_by_none_of_them_yet(self):
        before = self.published()
        self.keys = self.rotate()
        now, published = time.time(), self.published()
        [new] = [kid for kid in published if kid not in before]
        assert set(before) < set(published) and set(self.keys) == set(published), (self.keys, published)
        assert self.keys[new][0] - now >= LEAD, "the new key would sign too soon"
        assert self.keys[self.next][0] > now, "the walk is too slow: the next key may sign already"
        assert kid_of(self.log_in()) == kid_of(self.first)
        self.say(f"rotated: {new[:8]} is published, {self.next[:8]} signs in {self.keys[self.next][0] - now:.1f} s")
        self.verify_all()

    def the_next_key_signs_after_its_lead(self):
        signs_from = self.keys[self.next][0]
        for _ in until(signs_from + LATE, POLL):
            token = self.log_in()
            if kid_of(token) == self.next:
                break
            assert kid_of(token) == kid_of(self.first) and claims_of(token)["iat"] < signs_from, token
        assert claims_of(token)["iat"] >= signs_from, "it signs before its time"
        self.say(f"{self.next[:8]} signs; {self.verify_all()} tokens of both keys verify")

    def the_old_key_stays_until_its_last_token_has_ended_and_then_leaves(self):
        old = kid_of(self.first)
        drop_at = self.keys[old][2]
        signer, ended, most = self.next, False, 0
        for _ in until(drop_at + SLOW_POLL + LATE, SLOW_POLL):
            begun = time.time()
            published = self.published()
            if old not in published:
                assert time.time() >= drop_at, "it left too early"
                break
            assert begun < drop_at + 1, "it is there after its time"
            if kid_of(token := self.log_in()) != signer:
                signer = kid_of(token)
                self.say(f"{signer[:8]} signs, {len(published)} keys are published")
            most = max(most, self.verify_all())
            if not ended and begun >= claims_of(self.first)["exp"]:
                ended = True
                self.refused_by_time(self.first)
                self.say("the first token has ended; its key is still published, for the last that it could have signed")
        assert ended, "the first token outlived its key"
        self.say(f"{old[:8]} is gone, {len(published)} keys are published; up to {most} tokens verified at a time")

    def refused_by_time(self, token):
        key = self.client().get_signing_key_from_jwt(token)
        raises(jwt.ExpiredSignatureError, lambda: jwt.decode(token, key, algorithms=["RS256"], audience=self.url))

    def a_token_of_the_old_key_is_refused_and_every_other_verifies(self):
        raises(jwt.PyJWKClientError, lambda: self.client().get_signing_key_from_jwt(self.first))
        assert self.me(self.first) == 401
        self.log_in()
        self.say(f"{self.verify_all()} tokens verify, of {len(self.tokens)} that were issued")


@contextmanager
def service():
    with tempfile.TemporaryDirectory() as folder:
        log, environment = Path(folder) / "log", {**os.environ, **TIMES}
        data = ["--data-dir", f"{folder}/data"]
        with log.open("w") as output:
            ports = ["--port", "0", "--dynamodb-port", "0"]
            started = subprocess.Popen([PROGRAMS / "local", *ports, *data], env=environment, stdout=output, stderr=output)
        try:
            for _ in until(time.time() + 10, 0.1):
                if "Ctrl-C" in log.read_text():
                    break
                assert started.poll() is None, log.read_text()
            url, dynamodb = re.findall(r"^(?:Latchkey|DynamoDB) +(\S+)", log.read_text(), re.MULTILINE)

            def rotate():
                command = [PROGRAMS / "rotate", *data, "--dynamodb-endpoint", dynamodb]
                done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=60)
                return dict(dates_of(line) for line in done.stdout.splitlines())

            yield Walk(url, rotate)
        finally:
            started.terminate()
            started.wait(timeout=10)


def dates_of(line):
    """A key's id; from when it signs, until when, and when it leaves."""
    dates = re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", line)
    assert len(dates) == 3, line
    return line.split()[0], [datetime.strptime(date, "%Y-%m-%dT%H:%M:%S%z").timestamp() for date in dates]


with service() as walk:
    run([
        walk.one_key_signs_while_the_next_is_published,
        walk.a_rotation_publishes_one_more_key_and_signs_by_none_of_them_yet,
        walk.the_next_key_signs_after_its_lead,
        walk.the_old_key_stays_until_its_last_token_has_ended_and_then_leaves,
        walk.a_token_of_the_old_key_is_refused_and_every_other_verifies,
    ])

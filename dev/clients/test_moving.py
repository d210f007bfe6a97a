"""The drill of leaving and of coming: libraries that other systems are made of verify what `latchkey export` writes, and users whose
hashes they made log in after `latchkey import`."""

import base64
import json
import re
import subprocess

import argon2
import bcrypt
import django
import pytest
import requests
from conftest import started
from django.conf import settings
from django.core.management import call_command
from passlib.hash import argon2 as passlib_argon2

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def moving(programs, tmp_path_factory):
    """A service of its own with four users, and its command line."""
    log = tmp_path_factory.mktemp("moving") / "log"
    command = [programs / "local", "--port", "0", "--dynamodb-port", "0", "--in-memory"]
    with started(command, log, "Ctrl-C") as printed:
        url = re.search(r"^Latchkey +(\S+)", printed, re.M)[1]
        endpoint = re.search(r"^DynamoDB +(\S+)", printed, re.M)[1]

        def latchkey(*arguments, rows="", code=0):
            command = [programs / "latchkey", *arguments, "--endpoint", endpoint, "--table", "UsersTable"]
            done = subprocess.run(command, input=rows, capture_output=True, text=True, timeout=60)
            assert done.returncode == code, done
            return done.stdout

        registered = {"username": "registered", "email": "registered@example.com", "password": PASSWORD}
        assert requests.post(f"{url}/register", json=registered, timeout=10).status_code == 201
        rows = [
            {"username": "bcrypt", "password_hash": bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(10)).decode()},
            {"username": "passlib", "password_hash": passlib_argon2.hash(PASSWORD), "full_name": "Pass Lib"},
            {"username": "disabled", "password_hash": argon2.PasswordHasher().hash(PASSWORD), "disabled": True},
        ]
        latchkey("import", "-", rows="".join(json.dumps(row) + "\n" for row in rows))
        yield url, latchkey


@pytest.fixture(scope="module")
def users(moving):
    _, latchkey = moving
    return {user["username"]: user for user in map(json.loads, latchkey("export").splitlines())}


def test_the_libraries_verify_the_exported_hashes(users):
    assert len(users) == 4
    for name, user in users.items():
        stored = user["password_hash"]
        if name == "bcrypt":
            assert bcrypt.checkpw(PASSWORD.encode(), stored.encode())
            continue
        assert passlib_argon2.verify(PASSWORD, stored), name
        assert not passlib_argon2.verify("wrong", stored), name
        assert argon2.PasswordHasher().verify(stored, PASSWORD), name


def test_django_loads_the_export_and_logs_its_users_in(moving, tmp_path):
    _, latchkey = moving
    hashers = ["Argon2PasswordHasher", "BCryptPasswordHasher"]
    settings.configure(
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        PASSWORD_HASHERS=[f"django.contrib.auth.hashers.{hasher}" for hasher in hashers],
    )
    django.setup()
    from django.contrib.auth import authenticate

    call_command("migrate", verbosity=0)
    fixture = tmp_path / "users.jsonl"
    fixture.write_text(latchkey("export", "--for", "django"))
    # A second time it finds the same users.
    for _ in range(2):
        call_command("loaddata", fixture, verbosity=0)
    for name in ["registered", "bcrypt", "passlib"]:
        assert authenticate(username=name, password=PASSWORD).username == name
        assert authenticate(username=name, password="wrong") is None
    assert authenticate(username="disabled", password=PASSWORD) is None
    assert authenticate(username="passlib", password=PASSWORD).first_name == "Pass Lib"


def test_keycloaks_argon2_verifies_the_exported_credentials(moving):
    """Computes what Keycloak's Argon2PasswordHashProvider does with a stored credential; Keycloak itself does not run here."""
    _, latchkey = moving
    body = json.loads(latchkey("export", "--for", "keycloak", code=1))
    users = {user["username"]: user for user in body["users"]}
    assert users["bcrypt"]["credentials"] == []
    for name in ["registered", "passlib", "disabled"]:
        [credential] = users[name]["credentials"]
        data, secret = json.loads(credential["credentialData"]), json.loads(credential["secretData"])
        parameters = {key: value for key, [value] in data["additionalParameters"].items()}
        assert (credential["type"], data["algorithm"], parameters["version"]) == ("password", "argon2", "1.3")
        computed = argon2.low_level.hash_secret_raw(
            PASSWORD.encode(),
            base64.b64decode(secret["salt"]),
            time_cost=data["hashIterations"],
            memory_cost=int(parameters["memory"]),
            parallelism=int(parameters["parallelism"]),
            hash_len=int(parameters["hashLength"]),
            type={"id": argon2.Type.ID, "i": argon2.Type.I, "d": argon2.Type.D}[parameters["type"]],
            version=0x13,
        )
        assert base64.b64encode(computed).decode() == secret["value"], name
    assert not users["disabled"]["enabled"]


def test_imported_users_log_in_and_their_bcrypt_hash_is_renewed(moving, users):
    url, latchkey = moving
    for name, status in [("bcrypt", 200), ("passlib", 200), ("disabled", 400)]:
        log_in = {"username": name, "password": PASSWORD}
        assert requests.post(f"{url}/token", data=log_in, timeout=30).status_code == status, name
    renewed = [json.loads(line) for line in latchkey("export").splitlines()]
    hashes = {user["username"]: user["password_hash"] for user in renewed}
    assert users["bcrypt"]["password_hash"].startswith("$2b$") and hashes["bcrypt"].startswith("$argon2id$")

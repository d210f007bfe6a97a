"""The drill of leaving and of coming: libraries that other systems are made of verify what `latchkey export` writes, and users whose
hashes they made log in after `latchkey import`."""

import base64
import hashlib
import json
import re
import subprocess
from pathlib import Path

import argon2
import bcrypt
import django
import pytest
import requests
from conftest import started
from django.conf import settings
from django.contrib.auth import hashers
from django.core.management import call_command
from passlib.hash import argon2 as passlib_argon2
from passlib.hash import pbkdf2_sha512

PASSWORD = "correct horse battery"
ROOT = Path(__file__).parents[2]
# Which Latchkey reads and does not write: they leave as they came.
FOREIGN = {
    "django": hashers.PBKDF2PasswordHasher().encode(PASSWORD, "saltsalt", 1000),
    "django-sha1": hashers.PBKDF2SHA1PasswordHasher().encode(PASSWORD, "saltsalt", 1000),
    "django-scrypt": hashers.ScryptPasswordHasher().encode(PASSWORD, "saltsalt", n=1024),
    "passlib-sha512": pbkdf2_sha512.using(rounds=1000).hash(PASSWORD),
}


@pytest.fixture(scope="module")
def moving(programs, tmp_path_factory):
    """A service of its own with some users, and its command line."""
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
            *({"username": name, "password_hash": stored} for name, stored in FOREIGN.items()),
        ]
        latchkey("import", "-", rows="".join(json.dumps(row) + "\n" for row in rows))
        yield url, latchkey


@pytest.fixture(scope="module")
def users(moving):
    _, latchkey = moving
    return {user["username"]: user for user in map(json.loads, latchkey("export").splitlines())}


def test_the_libraries_verify_the_exported_hashes(users):
    assert len(users) == 8
    for name, user in users.items():
        stored = user["password_hash"]
        if name in FOREIGN:
            assert stored == FOREIGN[name]
            continue
        if name == "bcrypt":
            assert bcrypt.checkpw(PASSWORD.encode(), stored.encode())
            continue
        assert passlib_argon2.verify(PASSWORD, stored), name
        assert not passlib_argon2.verify("wrong", stored), name
        assert argon2.PasswordHasher().verify(stored, PASSWORD), name


def test_django_loads_the_export_and_logs_its_users_in(moving, tmp_path):
    _, latchkey = moving
    names = ["Argon2", "BCrypt", "PBKDF2", "PBKDF2SHA1", "Scrypt"]
    settings.configure(
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        PASSWORD_HASHERS=[f"django.contrib.auth.hashers.{name}PasswordHasher" for name in names],
    )
    django.setup()
    from django.contrib.auth import authenticate

    call_command("migrate", verbosity=0)
    fixture = tmp_path / "users.jsonl"
    fixture.write_text(latchkey("export", "--for", "django", code=1))
    # A second time it finds the same users.
    for _ in range(2):
        call_command("loaddata", fixture, verbosity=0)
    for name in ["registered", "bcrypt", "passlib", "django", "django-sha1", "django-scrypt"]:
        assert authenticate(username=name, password=PASSWORD).username == name
        assert authenticate(username=name, password="wrong") is None
    for name in ["disabled", "passlib-sha512"]:
        assert authenticate(username=name, password=PASSWORD) is None
    assert authenticate(username="passlib", password=PASSWORD).first_name == "Pass Lib"


def test_keycloaks_providers_verify_the_exported_credentials(moving):
    """Computes what Keycloak's hash providers do with a stored credential; Keycloak itself does not run here."""
    _, latchkey = moving
    body = json.loads(latchkey("export", "--for", "keycloak", code=1))
    users = {user["username"]: user for user in body["users"]}
    assert users["bcrypt"]["credentials"] == users["django-scrypt"]["credentials"] == []

    def parsed(name):
        [credential] = users[name]["credentials"]
        assert credential["type"] == "password"
        return json.loads(credential["credentialData"]), json.loads(credential["secretData"])

    for name, algorithm in [("django", "pbkdf2-sha256"), ("django-sha1", "pbkdf2"), ("passlib-sha512", "pbkdf2-sha512")]:
        data, secret = parsed(name)
        salt, value = base64.b64decode(secret["salt"]), base64.b64decode(secret["value"])
        function = algorithm.removeprefix("pbkdf2").removeprefix("-") or "sha1"
        computed = hashlib.pbkdf2_hmac(function, PASSWORD.encode(), salt, data["hashIterations"], len(value))
        # It compares the texts.
        assert (data["algorithm"], base64.b64encode(computed).decode()) == (algorithm, secret["value"]), name
    for name in ["registered", "passlib", "disabled"]:
        data, secret = parsed(name)
        parameters = {key: value for key, [value] in data["additionalParameters"].items()}
        assert (data["algorithm"], parameters["version"]) == ("argon2", "1.3")
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


def test_users_of_a_firebase_export_log_in(moving, tmp_path):
    """By the line of docs/moving.md, over the vector that Firebase publishes."""
    url, latchkey = moving
    vector = json.loads((ROOT / "shared/tests/shared/hashes/firebase.json").read_text())
    [known] = vector["hashes"]
    with_password = {"localId": "1", "email": "one@example.com", "passwordHash": known["hash"], "salt": known["salt"], "createdAt": "1486324027123"}
    without = {"localId": "2", "email": "two@example.com", "emailVerified": True, "disabled": True}
    (tmp_path / "users.json").write_text(json.dumps({"users": [with_password, without]}))
    parameters = tmp_path / "parameters.json"
    parameters.write_text(json.dumps(vector["parameters"]))
    [line] = [line for line in (ROOT / "docs/moving.md").read_text().splitlines() if line.startswith("jq ")]
    subprocess.run(line, shell=True, cwd=tmp_path, check=True, timeout=30)
    rows = (tmp_path / "users.ndjson").read_text()
    assert "rows: 2, new: 2," in latchkey("import", "-", "--firebase", parameters, rows=rows)
    for password, status in [(known["password"], 200), ("wrong", 401)]:
        log_in = {"username": "one@example.com", "password": password}
        assert requests.post(f"{url}/token", data=log_in, timeout=30).status_code == status
    exported = {user["email"]: user for user in map(json.loads, latchkey("export").splitlines()) if "email" in user}
    assert exported["one@example.com"]["created_at"] == "2017-02-05T19:47:07Z"
    assert exported["two@example.com"]["disabled"] and "password_hash" not in exported["two@example.com"]

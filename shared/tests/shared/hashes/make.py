"""Makes the hashes of `*.json` with the libraries of other systems. Costs are low, so that the tests are quick, but for one of each
library's defaults."""

import base64
import hashlib
import hmac
import json
from importlib.metadata import version

import argon2
import bcrypt
import django.conf
import werkzeug.security
from argon2.low_level import Type, hash_secret
from django.contrib.auth import hashers
from passlib import hash as passlib

PASSWORD = "correct horse battery"
# Whose form after NFKC is another one.
AS_TYPED = "pa\u0301ssword \u00b2 \ufb01"
SALT = b"sixteen bytes ab"


def write(name, made_by, hashes):
    rows = [{"format": kind, "password": password, "hash": text} for kind, password, text in hashes]
    with open(f"{name}.json", "w", encoding="ascii") as file:
        json.dump({"made_by": made_by, "hashes": rows}, file, indent=1)
        file.write("\n")


def with_argon2():
    def argon2_of(kind, password=PASSWORD, **cost):
        cost = {"time_cost": 2, "memory_cost": 1024, "parallelism": 1, **cost}
        return "Argon2", password, hash_secret(password.encode(), SALT, hash_len=32, type=kind, **cost).decode()

    yield argon2_of(Type.I)
    yield argon2_of(Type.D)
    yield argon2_of(Type.I, AS_TYPED)
    yield argon2_of(Type.ID, AS_TYPED)
    # Of the cost that is Latchkey's default.
    yield argon2_of(Type.ID, AS_TYPED, memory_cost=19456)
    yield argon2_of(Type.ID, parallelism=4)
    yield argon2_of(Type.I, version=16)


def with_bcrypt():
    for prefix in (b"2a", b"2b"):
        yield "bcrypt", PASSWORD, bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4, prefix)).decode()
    # PHP's name for the same function.
    php = bcrypt.hashpw(AS_TYPED.encode(), bcrypt.gensalt(4)).decode()
    yield "bcrypt", AS_TYPED, php.replace("$2b$", "$2y$")


def wordpress(password):
    """As `wp_hash_password` of WordPress 6.8 does."""
    mac = hmac.digest(b"wp-sha384", password.strip(" \t\n\r\0\x0b").encode(), "sha384")
    text = bcrypt.hashpw(base64.b64encode(mac), bcrypt.gensalt(4)).decode()
    return "bcrypt of WordPress", password, "$wp" + text.replace("$2b$", "$2y$")


def with_passlib():
    for rounds, kind, salt_size in (
        (1000, passlib.pbkdf2_sha1, 16),
        (29000, passlib.pbkdf2_sha256, 16),
        (1000, passlib.pbkdf2_sha512, 16),
        (1000, passlib.pbkdf2_sha256, 4),
        (1000, passlib.pbkdf2_sha256, 64),
    ):
        text = kind.using(rounds=rounds, salt_size=salt_size).hash(PASSWORD)
        yield "PBKDF2 of PHC and passlib", PASSWORD, text
        # The same as a PHC string.
        _, name, _, salt, output = text.replace(".", "+").split("$")
        yield "PBKDF2 of PHC and passlib", PASSWORD, f"${name}$i={rounds}${salt}${output}".replace("$pbkdf2$", "$pbkdf2-sha1$")
    yield "PBKDF2 of PHC and passlib", AS_TYPED, passlib.pbkdf2_sha256.using(rounds=1000).hash(AS_TYPED)
    yield "scrypt of PHC and passlib", PASSWORD, passlib.scrypt.using(rounds=10).hash(PASSWORD)
    yield "scrypt of PHC and passlib", PASSWORD, passlib.scrypt.hash(PASSWORD)
    for salt_size in (4, 64):
        yield "scrypt of PHC and passlib", PASSWORD, passlib.scrypt.using(rounds=10, salt_size=salt_size).hash(PASSWORD)
    for kind in (passlib.sha256_crypt, passlib.sha512_crypt):
        for rounds in (1000, 5000):
            yield "SHA-2 crypt", PASSWORD, kind.using(rounds=rounds).hash(PASSWORD)
        # A password that is longer than a block.
        yield "SHA-2 crypt", 10 * PASSWORD, kind.using(rounds=1000).hash(10 * PASSWORD)
    for ident in ("P", "H"):
        yield "phpass", PASSWORD, passlib.phpass.using(rounds=13, ident=ident).hash(PASSWORD)
    # phpBB's are of what was typed; WordPress trims, as `wp_hash_password` before 6.8 does.
    phpbb, wordpress = (passlib.phpass.using(rounds=7, ident=ident) for ident in ("H", "P"))
    yield "phpass", f" {PASSWORD}\n", phpbb.hash(f" {PASSWORD}\n")
    yield "phpass", f" {PASSWORD}\n", wordpress.hash(PASSWORD)


def with_django():
    django.conf.settings.configure(
        PASSWORD_HASHERS=[
            f"django.contrib.auth.hashers.{name}PasswordHasher" for name in ("PBKDF2", "PBKDF2SHA1", "Argon2", "Scrypt")
        ]
    )
    sha256, sha1 = hashers.PBKDF2PasswordHasher(), hashers.PBKDF2SHA1PasswordHasher()
    yield "PBKDF2 of Django", PASSWORD, sha256.encode(PASSWORD, sha256.salt(), 1000)
    yield "PBKDF2 of Django", PASSWORD, sha1.encode(PASSWORD, sha1.salt(), 1000)
    yield "PBKDF2 of Django", PASSWORD, hashers.make_password(PASSWORD)
    argon2id = hashers.Argon2PasswordHasher()
    argon2id.memory_cost = 1024
    yield "Argon2", PASSWORD, argon2id.encode(PASSWORD, argon2id.salt())
    for kind, hasher in (("bcrypt", hashers.BCryptPasswordHasher()), ("bcrypt with SHA-256 of Django", hashers.BCryptSHA256PasswordHasher())):
        hasher.rounds = 4
        yield kind, PASSWORD, hasher.encode(PASSWORD, hasher.salt())
    yield kind, 10 * AS_TYPED, hasher.encode(10 * AS_TYPED, hasher.salt())
    yield "scrypt of Django", PASSWORD, hashers.make_password(PASSWORD, hasher="scrypt")


def with_werkzeug():
    for method in ("scrypt", "scrypt:1024:8:2", "pbkdf2:sha1:1000", "pbkdf2:sha512:1000", "pbkdf2"):
        kind = method.split(":")[0].replace("pbkdf2", "PBKDF2")
        yield f"{kind} of Werkzeug", PASSWORD, werkzeug.security.generate_password_hash(PASSWORD, method)


def keycloak(algorithm, iterations, value, parameters):
    """As Keycloak's documentation of its export has a credential."""
    data = {"hashIterations": iterations, "algorithm": algorithm, "additionalParameters": parameters}
    secret = {"value": base64.b64encode(value).decode(), "salt": base64.b64encode(SALT).decode(), "additionalParameters": {}}
    credential = {"type": "password", "secretData": json.dumps(secret), "credentialData": json.dumps(data)}
    return "Argon2" if algorithm == "argon2" else "PBKDF2 of PHC and passlib", PASSWORD, json.dumps(credential)


def with_hashlib():
    for algorithm, name in (("pbkdf2", "sha1"), ("pbkdf2-sha256", "sha256"), ("pbkdf2-sha512", "sha512")):
        value = hashlib.pbkdf2_hmac(name, PASSWORD.encode(), SALT, 1000, 64)
        yield keycloak(algorithm, 1000, value, {})
    raw = argon2.low_level.hash_secret_raw(PASSWORD.encode(), SALT, 5, 7168, 1, 32, Type.ID)
    parameters = {"hashLength": ["32"], "memory": ["7168"], "type": ["id"], "version": ["1.3"], "parallelism": ["1"]}
    yield keycloak("argon2", 5, raw, parameters)


write("argon2-cffi", f"argon2-cffi {version('argon2-cffi')}", with_argon2())
write("bcrypt", f"bcrypt {version('bcrypt')}", with_bcrypt())
write("wordpress", f"bcrypt {version('bcrypt')}, called as WordPress 6.8 does", map(wordpress, (PASSWORD, 10 * PASSWORD, f" {AS_TYPED}\n")))
write("passlib", f"passlib {version('passlib')}", with_passlib())
write("django", f"Django {version('Django')}", with_django())
write("werkzeug", f"Werkzeug {version('Werkzeug')}", with_werkzeug())
write("keycloak", f"hashlib and argon2-cffi {version('argon2-cffi')}, written as Keycloak does", with_hashlib())
with open("long.txt", "w", encoding="ascii") as file:
    file.write(passlib.sha512_crypt.hash(16 * PASSWORD) + "\n")

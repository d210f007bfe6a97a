"""PyJWT: a verifier that knows nothing but the issuer's URL."""

import base64
import json

import jwt
import requests

from checks import AUDIENCE, PASSWORD, URL, fresh_user, log_in, raises, run

# What RFC 9068 section 2.2 requires.
CLAIMS = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"]


def discovered(name="openid-configuration"):
    answer = requests.get(f"{URL}/.well-known/{name}", timeout=10)
    assert answer.status_code == 200, answer.text
    metadata = answer.json()
    # RFC 8414 section 3.3: metadata with another issuer must not be used.
    assert metadata["issuer"] == URL, metadata
    return metadata


def verified(token, audience=AUDIENCE, issuer=URL, **more):
    key = jwt.PyJWKClient(discovered()["jwks_uri"]).get_signing_key_from_jwt(token)
    options = {"require": CLAIMS, **more.pop("options", {})}
    whole = jwt.decode_complete(token, key, algorithms=["RS256"], audience=audience, issuer=issuer, options=options, **more)
    assert whole["header"]["typ"] == "at+jwt", whole["header"]
    return whole["payload"]


def token():
    return log_in(fresh_user())


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def it_finds_the_same_under_both_names():
    assert discovered("oauth-authorization-server") == discovered()


def it_logs_in_where_the_metadata_say():
    metadata = discovered()
    assert "password" in metadata["grant_types_supported"], metadata
    form = {"grant_type": "password", "username": fresh_user(), "password": PASSWORD}
    answer = requests.post(metadata["token_endpoint"], data=form, timeout=10)
    verified(answer.json()["access_token"])


def it_verifies_a_fresh_token():
    claims = verified(token())
    assert claims["exp"] > claims["iat"], claims


def it_refuses_a_token_with_another_claim():
    header, _, signature = (fresh := token()).split(".")
    claims = verified(fresh)
    forged = ".".join([header, part({**claims, "sub": "another"}), signature])
    raises(jwt.InvalidSignatureError, lambda: verified(forged))


def it_refuses_a_token_with_another_signature():
    signed, _, _ = token().rpartition(".")
    _, _, signature = token().rpartition(".")
    raises(jwt.InvalidSignatureError, lambda: verified(f"{signed}.{signature}"))


def it_refuses_a_token_that_names_no_algorithm():
    _, claims, _ = (fresh := token()).split(".")
    unsigned = part({**jwt.get_unverified_header(fresh), "alg": "none"})
    raises(jwt.InvalidAlgorithmError, lambda: verified(f"{unsigned}.{claims}."))


def it_refuses_a_token_for_another_audience():
    raises(jwt.InvalidAudienceError, lambda: verified(token(), audience="https://another.example"))


def it_refuses_a_token_of_another_issuer():
    raises(jwt.InvalidIssuerError, lambda: verified(token(), issuer="https://another.example"))


def it_refuses_a_token_that_has_ended():
    claims = verified(fresh := token())
    # A clock that is ahead by the token's whole life, without waiting for it. `iat` would seem to be in the future.
    life = claims["exp"] - claims["iat"]
    raises(jwt.ExpiredSignatureError, lambda: verified(fresh, leeway=-life, options={"verify_iat": False}))


run([
    it_finds_the_same_under_both_names,
    it_logs_in_where_the_metadata_say,
    it_verifies_a_fresh_token,
    it_refuses_a_token_with_another_claim,
    it_refuses_a_token_with_another_signature,
    it_refuses_a_token_that_names_no_algorithm,
    it_refuses_a_token_for_another_audience,
    it_refuses_a_token_of_another_issuer,
    it_refuses_a_token_that_has_ended,
])

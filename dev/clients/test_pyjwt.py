"""PyJWT: a verifier that knows nothing but the issuer's URL."""

import base64
import json

import jwt
import pytest
import requests

# What RFC 9068 section 2.2 requires.
CLAIMS = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"]


@pytest.fixture
def discovered(url):
    def fetch(name="openid-configuration"):
        response = requests.get(f"{url}/.well-known/{name}", timeout=10)
        assert response.status_code == 200, response.text
        metadata = response.json()
        # RFC 8414 section 3.3: metadata with another issuer must not be used.
        assert metadata["issuer"] == url
        return metadata

    return fetch


@pytest.fixture
def verify(url, audience, discovered):
    def claims(token, options=None, **more):
        key = jwt.PyJWKClient(discovered()["jwks_uri"]).get_signing_key_from_jwt(token)
        more = {"algorithms": ["RS256"], "audience": audience, "issuer": url, **more}
        complete = jwt.decode_complete(token, key, options={"require": CLAIMS, **(options or {})}, **more)
        assert complete["header"]["typ"] == "at+jwt"
        return complete["payload"]

    return claims


def encoded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_both_names_of_the_metadata_serve_the_same(discovered):
    assert discovered("oauth-authorization-server") == discovered()


def test_the_metadata_lead_to_the_token_endpoint(discovered, user, verify):
    metadata = discovered()
    assert "password" in metadata["grant_types_supported"]
    response = requests.post(metadata["token_endpoint"], data={"grant_type": "password", **user}, timeout=10)
    verify(response.json()["access_token"])


def test_a_fresh_token_verifies(verify, token):
    claims = verify(token)
    assert claims["exp"] > claims["iat"]


def test_a_token_with_another_claim_is_rejected(verify, token):
    header, _, signature = token.split(".")
    forged = ".".join([header, encoded({**verify(token), "sub": "another"}), signature])
    with pytest.raises(jwt.InvalidSignatureError):
        verify(forged)


def test_a_token_with_the_signature_of_another_is_rejected(verify, token, log_in, fresh_user):
    signed, signature = token.rpartition(".")[0], log_in(fresh_user()).rpartition(".")[2]
    with pytest.raises(jwt.InvalidSignatureError):
        verify(f"{signed}.{signature}")


def test_an_unsigned_token_is_rejected(verify, token):
    unsigned = encoded({**jwt.get_unverified_header(token), "alg": "none"})
    with pytest.raises(jwt.InvalidAlgorithmError):
        verify(f"{unsigned}.{token.split('.')[1]}.")


def test_a_token_for_another_audience_is_rejected(verify, token):
    with pytest.raises(jwt.InvalidAudienceError):
        verify(token, audience="https://another.example")


def test_a_token_of_another_issuer_is_rejected(verify, token):
    with pytest.raises(jwt.InvalidIssuerError):
        verify(token, issuer="https://another.example")


def test_an_expired_token_is_rejected(verify, token):
    claims = verify(token)
    # A clock that is ahead by the token's lifetime. `iat` would seem to be in the future.
    with pytest.raises(jwt.ExpiredSignatureError):
        verify(token, leeway=claims["iat"] - claims["exp"], options={"verify_iat": False})

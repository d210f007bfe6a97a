"""The rules that AWS documents for the JWT authorizer of HTTP APIs.

"Control access to HTTP APIs with JWT authorizers" has the rules, "Quotas for configuring and running an HTTP API" the limits.
Signatures and key sets are PyJWT's; the rules for claims are written out here, since PyJWT's own differ.
"""

import os
import time

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa

# "Timeout for JSON Web Key Set endpoint" and "for OpenID Connect discovery endpoint", in seconds.
TIMEOUT = 1.5
# "Response size from JSON Web Key Set endpoint", in bytes.
LARGEST_SET = 150_000
# "Currently, only RSA-based algorithms are supported"; AWS does not name them.
RSA_BASED = ["RS256", "RS384", "RS512"]
# What PyJWT would check by rules of its own.
CLAIMS = ["exp", "nbf", "iat", "aud", "iss", "sub", "jti"]


class Rejected(Exception):
    """The claim or the rule for which a token is rejected."""


class JwtAuthorizer:
    def __init__(self, issuer, keys, audiences, scopes=()):
        self.issuer, self.audiences, self.scopes = issuer, set(audiences), set(scopes)
        # "API Gateway can cache the public key for two hours", so a key that is published later is unknown here.
        self.keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(keys).keys}

    def authorize(self, header):
        """Returns the claims of the token in an `Authorization` header, alone or after `Bearer`."""
        token = header.removeprefix("Bearer ")
        try:
            head = jwt.get_unverified_header(token)
            if head["alg"] not in RSA_BASED:
                raise Rejected("alg")
            if head.get("kid") not in self.keys:
                raise Rejected("kid")
            # The signature alone; the claims follow.
            only_signature = {"verify_signature": True, **{f"verify_{claim}": False for claim in CLAIMS}}
            claims = jwt.decode(token, self.keys[head["kid"]], algorithms=RSA_BASED, options=only_signature)
        except jwt.InvalidSignatureError as error:
            raise Rejected("signature") from error
        except jwt.PyJWTError as error:
            raise Rejected("token") from error
        self.check(claims)
        return claims

    def check(self, claims):
        now = time.time()
        if claims.get("iss") != self.issuer:
            raise Rejected("iss")
        # `client_id` counts only where there is no `aud`.
        named = claims["aud"] if "aud" in claims else claims.get("client_id")
        if not set(named if isinstance(named, list) else [named]) & self.audiences:
            raise Rejected("aud")
        # Without any leeway, since none is documented.
        if not claims.get("exp", 0) > now:
            raise Rejected("exp")
        for claim in ("nbf", "iat"):
            if not claims.get(claim, 0) < now:
                raise Rejected(claim)
        scopes = claims.get("scope", claims.get("scp", ""))
        if self.scopes and not set(scopes if isinstance(scopes, list) else scopes.split()) & self.scopes:
            raise Rejected("scope")


def fetched(url):
    """Returns a document of the discovery, which must keep API Gateway's limits."""
    begun = time.monotonic()
    response = requests.get(url, timeout=TIMEOUT)
    assert response.status_code == 200 and len(response.content) <= LARGEST_SET, response.text
    assert time.monotonic() - begun < TIMEOUT
    return response.json()


def authorizer(url, audiences, scopes=()):
    metadata = fetched(f"{url}/.well-known/openid-configuration")
    return JwtAuthorizer(url, fetched(metadata["jwks_uri"]), audiences, scopes)


def rejects(rule, authorizer, token):
    with pytest.raises(Rejected, match=f"^{rule}$"):
        authorizer.authorize(f"Bearer {token}")


@pytest.mark.parametrize("scheme", ["Bearer ", ""])
def test_a_token_of_the_service_is_accepted(url, audience, token, scheme):
    assert authorizer(url, [audience]).authorize(f"{scheme}{token}")["client_id"]


def test_a_token_for_another_audience_is_rejected_whatever_its_client_id(url, token):
    client_id = jwt.decode(token, options={"verify_signature": False})["client_id"]
    rejects("aud", authorizer(url, ["https://another.example", client_id]), token)


def test_a_route_that_requires_a_scope_rejects_tokens_since_none_is_granted_yet(url, audience, token):
    rejects("scope", authorizer(url, [audience], scopes=["read"]), token)


def test_a_token_with_the_signature_of_another_is_rejected(url, audience, token, log_in, fresh_user):
    signed, signature = token.rpartition(".")[0], log_in(fresh_user()).rpartition(".")[2]
    rejects("signature", authorizer(url, [audience]), f"{signed}.{signature}")


@pytest.mark.parametrize("kind", ["ES256", "EDDSA"])
def test_a_token_signed_by_another_kind_of_key_than_rsa_is_rejected(kind, fresh_user, log_in):
    # The reason why KEY_KIND is RS256 by default.
    url = os.environ.get(f"LATCHKEY_{kind}_URL")
    if not url:
        pytest.skip(f"LATCHKEY_{kind}_URL names no service with such keys")
    rejects("alg", authorizer(url, [url]), log_in(fresh_user(url), url))


# --- rules for tokens that the service never signs, with an issuer of the test's own

ISSUER, API, OTHER, ELSEWHERE = "https://issuer.example", "https://api.example", "https://other.example", "https://elsewhere.example"
KEY, UNPUBLISHED = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
EC_KEY = ec.generate_private_key(ec.SECP256R1())
KEYS = [
    {**jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "rsa", "alg": "RS256"},
    {**jwt.algorithms.ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True), "kid": "ec", "alg": "ES256"},
]
SCOPES = ["read", "write"]


def signed(kid="rsa", algorithm="RS256", key=KEY, ahead=None, **other):
    """Signs claims, of which those that are `None` are left out and `ahead` names one that is 30 seconds ahead."""
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": OTHER, "iat": now - 1, "nbf": now - 1, "exp": now + 60, **other}
    claims |= {ahead: now + 30} if ahead else {}
    claims = {claim: value for claim, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid} if kid else {})


# What is accepted shows that each rejection below has its one reason.
@pytest.mark.parametrize(
    ("scopes", "token"),
    [
        ([], {}),
        ([], {"aud": [ELSEWHERE, API]}),
        ([], {"aud": None, "client_id": API}),
        ([], {"nbf": None, "iat": None}),
        (SCOPES, {"scope": "openid read"}),
        (SCOPES, {"scp": ["write"]}),
    ],
)
def test_a_token_that_keeps_each_rule_is_accepted(scopes, token):
    JwtAuthorizer(ISSUER, {"keys": KEYS}, [API, OTHER], scopes).authorize(signed(**token))


@pytest.mark.parametrize(
    ("rule", "token"),
    [
        ("alg", {"kid": "ec", "algorithm": "ES256", "key": EC_KEY}),
        ("alg", {"algorithm": "HS256", "key": "a secret of at least thirty-two bytes"}),
        ("kid", {"kid": "unknown"}),
        ("kid", {"kid": None}),
        ("signature", {"key": UNPUBLISHED}),
        ("iss", {"iss": f"{ISSUER}/"}),
        ("iss", {"iss": None}),
        ("aud", {"aud": ELSEWHERE}),
        ("aud", {"aud": ELSEWHERE, "client_id": API}),
        ("aud", {"aud": None, "client_id": ELSEWHERE}),
        ("exp", {"exp": int(time.time())}),
        ("exp", {"exp": None}),
        ("nbf", {"ahead": "nbf"}),
        ("iat", {"ahead": "iat"}),
        ("scope", {}),
        ("scope", {"scope": "reader"}),
    ],
)
def test_a_token_that_breaks_one_rule_is_rejected_for_it(rule, token):
    scopes = SCOPES if rule == "scope" else []
    rejects(rule, JwtAuthorizer(ISSUER, {"keys": KEYS}, [API, OTHER], scopes), signed(**token))


def test_what_is_no_token_is_rejected():
    rejects("token", JwtAuthorizer(ISSUER, {"keys": KEYS}, [API]), "no.token")

"""API Gateway's JWT authorizer of HTTP APIs, by what AWS documents of it.

"Control access to HTTP APIs with JWT authorizers" has the rules, "Quotas for configuring and running an HTTP API" the limits.
Signatures and key sets are PyJWT's; the rules for claims are written out here, since PyJWT's own are not those of the document.
"""

import json
import os
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from checks import AUDIENCE, URL, fresh_user, log_in, raises, run

# "Timeout for JSON Web Key Set endpoint" and "for OpenID Connect discovery endpoint", in seconds.
TIMEOUT = 1.5
# "Response size from JSON Web Key Set endpoint", in bytes.
LARGEST_SET = 150_000
# "Currently, only RSA-based algorithms are supported"; which of them is not said.
RSA_BASED = ["RS256", "RS384", "RS512"]
# What PyJWT would check by rules of its own.
CLAIMS = ["exp", "nbf", "iat", "aud", "iss", "sub", "jti"]
# What the tokens of the issuer below are for.
AUDIENCES = ["https://api.example", "https://other.example"]


class Refused(Exception):
    """The claim or the rule for which a token is refused."""


class JwtAuthorizer:
    def __init__(self, issuer, audiences, scopes=()):
        self.issuer, self.audiences, self.scopes = issuer, audiences, scopes
        metadata = self.fetch(f"{issuer}/.well-known/openid-configuration")
        # Kept: "API Gateway can cache the public key for two hours". So a key that comes later is not known here.
        self.keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(self.fetch(metadata["jwks_uri"])).keys}

    @staticmethod
    def fetch(url):
        begun = time.monotonic()
        answer = requests.get(url, timeout=TIMEOUT)
        seconds = time.monotonic() - begun
        print(f"     {url.rpartition('/')[2]}: {seconds * 1000:.0f} ms, {len(answer.content)} bytes")
        assert answer.status_code == 200 and seconds < TIMEOUT and len(answer.content) <= LARGEST_SET, answer.text
        return answer.json()

    def authorize(self, header):
        """The claims of the token in an `Authorization` header, which may have it alone or after `Bearer`."""
        token = header.removeprefix("Bearer ")
        try:
            head = jwt.get_unverified_header(token)
            if head["alg"] not in RSA_BASED:
                raise Refused("alg")
            if head.get("kid") not in self.keys:
                raise Refused("kid")
            # The signature alone; the claims follow.
            only_signature = {"verify_signature": True, **{f"verify_{claim}": False for claim in CLAIMS}}
            claims = jwt.decode(token, self.keys[head["kid"]], algorithms=RSA_BASED, options=only_signature)
        except jwt.InvalidSignatureError as error:
            raise Refused("signature") from error
        except jwt.PyJWTError as error:
            raise Refused("token") from error
        self.check(claims)
        return claims

    def check(self, claims):
        now = time.time()
        if claims.get("iss") != self.issuer:
            raise Refused("iss")
        # `client_id` counts only where there is no `aud`.
        named = claims["aud"] if "aud" in claims else claims.get("client_id")
        if not set(named if isinstance(named, list) else [named]) & set(self.audiences):
            raise Refused("aud")
        # Without any leeway, since none is documented.
        if not claims.get("exp", 0) > now:
            raise Refused("exp")
        for claim in ("nbf", "iat"):
            if not claims.get(claim, 0) < now:
                raise Refused(claim)
        scopes = claims.get("scope", claims.get("scp", ""))
        if self.scopes and not set(scopes if isinstance(scopes, list) else scopes.split()) & set(self.scopes):
            raise Refused("scope")


class Issuer:
    """An issuer on loopback, for tokens that ours would never sign."""

    def __init__(self, url):
        self.url = url
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.ec_key = ec.generate_private_key(ec.SECP256R1())
        public = [
            {**jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True), "kid": "rsa", "alg": "RS256"},
            {**jwt.algorithms.ECAlgorithm.to_jwk(self.ec_key.public_key(), as_dict=True), "kid": "ec", "alg": "ES256"},
        ]
        self.documents = {
            "/.well-known/openid-configuration": {"issuer": url, "jwks_uri": f"{url}/jwks"},
            "/jwks": {"keys": public},
        }

    def sign(self, kid="rsa", algorithm="RS256", key=None, without=(), **other):
        now = int(time.time())
        claims = {"iss": self.url, "aud": AUDIENCES[1], "iat": now - 1, "nbf": now - 1, "exp": now + 60, **other}
        claims = {claim: value for claim, value in claims.items() if claim not in without}
        return jwt.encode(claims, key or self.key, algorithm=algorithm, headers={"kid": kid} if kid else {})


@contextmanager
def served():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps(issuer.documents[self.path]).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield issuer
    finally:
        server.shutdown()


def refused(rule, authorizer, token):
    assert str(raises(Refused, lambda: authorizer.authorize(f"Bearer {token}"))) == rule


def it_takes_a_token_of_ours():
    token, authorizer = log_in(fresh_user()), JwtAuthorizer(URL, [AUDIENCE])
    for header in (f"Bearer {token}", token):
        assert authorizer.authorize(header)["client_id"], header


def it_refuses_a_token_of_ours_for_another_audience_of_which_the_client_id_does_not_count():
    token = log_in(fresh_user())
    client_id = jwt.decode(token, options={"verify_signature": False})["client_id"]
    refused("aud", JwtAuthorizer(URL, ["https://another.example", client_id]), token)


def it_refuses_a_token_of_ours_where_a_route_asks_for_a_scope_since_there_are_none_yet():
    refused("scope", JwtAuthorizer(URL, [AUDIENCE], scopes=["read"]), log_in(fresh_user()))


def it_refuses_a_token_of_ours_with_another_signature():
    signed, _, _ = log_in(fresh_user()).rpartition(".")
    _, _, signature = log_in(fresh_user()).rpartition(".")
    refused("signature", JwtAuthorizer(URL, [AUDIENCE]), f"{signed}.{signature}")


def of_kind(kind):
    # Why KEY_KIND is RS256 unless told.
    url = os.environ.get(f"LATCHKEY_{kind}_URL")
    if not url:
        print(f"     not run, since LATCHKEY_{kind}_URL names no service with such keys")
        return
    refused("alg", JwtAuthorizer(url, [url]), log_in(fresh_user(url), url))


def it_refuses_a_token_of_ours_by_es256():
    of_kind("ES256")


def it_refuses_a_token_of_ours_by_eddsa():
    of_kind("EDDSA")


def it_holds_to_each_rule_for_tokens_that_ours_would_never_sign():
    with served() as issuer:
        authorizer = JwtAuthorizer(issuer.url, AUDIENCES)
        scoped = JwtAuthorizer(issuer.url, AUDIENCES, scopes=["read", "write"])
        soon = int(time.time()) + 30
        another = rsa.generate_private_key(public_exponent=65537, key_size=2048)

        # What it takes, so that each refusal below is for its one reason.
        authorizer.authorize(issuer.sign())
        authorizer.authorize(issuer.sign(aud=["https://elsewhere.example", AUDIENCES[0]]))
        authorizer.authorize(issuer.sign(without=["aud"], client_id=AUDIENCES[0]))
        authorizer.authorize(issuer.sign(without=["nbf", "iat"]))
        scoped.authorize(issuer.sign(scope="openid read"))
        scoped.authorize(issuer.sign(scp=["write"]))

        refused("alg", authorizer, issuer.sign(kid="ec", algorithm="ES256", key=issuer.ec_key))
        refused("alg", authorizer, issuer.sign(algorithm="HS256", key="a secret of at least thirty-two bytes"))
        refused("kid", authorizer, issuer.sign(kid="unknown"))
        refused("kid", authorizer, issuer.sign(kid=None))
        refused("signature", authorizer, issuer.sign(key=another))
        refused("iss", authorizer, issuer.sign(iss=f"{issuer.url}/"))
        refused("iss", authorizer, issuer.sign(without=["iss"]))
        refused("aud", authorizer, issuer.sign(aud="https://elsewhere.example"))
        refused("aud", authorizer, issuer.sign(aud="https://elsewhere.example", client_id=AUDIENCES[0]))
        refused("aud", authorizer, issuer.sign(without=["aud"], client_id="https://elsewhere.example"))
        refused("exp", authorizer, issuer.sign(exp=soon - 30))
        refused("exp", authorizer, issuer.sign(without=["exp"]))
        refused("nbf", authorizer, issuer.sign(nbf=soon))
        refused("iat", authorizer, issuer.sign(iat=soon))
        refused("scope", scoped, issuer.sign())
        refused("scope", scoped, issuer.sign(scope="reader"))
        refused("token", authorizer, "no.token")


run([
    it_takes_a_token_of_ours,
    it_refuses_a_token_of_ours_for_another_audience_of_which_the_client_id_does_not_count,
    it_refuses_a_token_of_ours_where_a_route_asks_for_a_scope_since_there_are_none_yet,
    it_refuses_a_token_of_ours_with_another_signature,
    it_refuses_a_token_of_ours_by_es256,
    it_refuses_a_token_of_ours_by_eddsa,
    it_holds_to_each_rule_for_tokens_that_ours_would_never_sign,
])

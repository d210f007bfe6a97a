// jose: verifies by a remote JWK Set, for each kind of key that the service can have.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as jose from "jose";

import * as service from "./users.mjs";

const { LATCHKEY_ES256_URL: es256, LATCHKEY_EDDSA_URL: eddsa } = process.env;

for (const [kind, issuer, audience] of [
  ["RS256", service.url, service.audience],
  ["ES256", es256, es256],
  ["EdDSA", eddsa, eddsa],
]) {
  const skip = !issuer && `LATCHKEY_${kind.toUpperCase()}_URL names no service with such keys`;
  // From nothing but the issuer's URL.
  const verified = async (token, more = {}) => {
    const response = await fetch(`${issuer}/.well-known/openid-configuration`);
    const metadata = await response.json();
    assert.deepEqual([response.status, metadata.issuer], [200, issuer]);
    const keys = jose.createRemoteJWKSet(new URL(metadata.jwks_uri));
    return jose.jwtVerify(token, keys, { issuer, audience, typ: "at+jwt", algorithms: [kind], ...more });
  };
  const fresh = async () => service.logIn(await service.freshUser(issuer), issuer);
  const encoded = (value) => jose.base64url.encode(JSON.stringify(value));

  describe(kind, { skip }, () => {
    test("a fresh token verifies", async () => {
      const { payload, protectedHeader } = await verified(await fresh());
      assert.equal(protectedHeader.alg, kind);
      assert.ok(protectedHeader.kid);
      assert.ok(payload.exp > payload.iat && payload.sub && payload.jti && payload.client_id);
    });

    test("a token with another claim is rejected", async () => {
      const token = await fresh();
      const [header, , signature] = token.split(".");
      const forged = `${header}.${encoded({ ...jose.decodeJwt(token), sub: "another" })}.${signature}`;
      await assert.rejects(verified(forged), { code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" });
    });

    for (const [what, claim, expected] of [
      ["for another audience", "aud", { audience: "https://another.example" }],
      ["of another issuer", "iss", { issuer: "https://another.example" }],
      ["of another type", "typ", { typ: "JWT" }],
    ]) {
      test(`a token ${what} is rejected`, async () => {
        await assert.rejects(verified(await fresh(), expected), { code: "ERR_JWT_CLAIM_VALIDATION_FAILED", claim });
      });
    }

    test("an expired token is rejected", async () => {
      const token = await fresh();
      const currentDate = new Date(jose.decodeJwt(token).exp * 1000);
      await assert.rejects(verified(token, { currentDate }), { code: "ERR_JWT_EXPIRED" });
    });

    test("a token whose key is not in the set is rejected", async () => {
      const token = await fresh();
      const [, ...rest] = token.split(".");
      const unknown = encoded({ ...jose.decodeProtectedHeader(token), kid: "unknown" });
      await assert.rejects(verified([unknown, ...rest].join(".")), { code: "ERR_JWKS_NO_MATCHING_KEY" });
    });
  });
}

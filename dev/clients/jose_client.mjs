// jose: verifies by a remote JWK Set, for each kind of key that the service can have.
import * as jose from "jose";

import { AUDIENCE, URL_, freshUser, logIn, must, run } from "./checks.mjs";

const services = [
  { kind: "RS256", issuer: URL_, audience: AUDIENCE },
  ...["ES256", "EdDSA"].map((kind) => {
    const issuer = process.env[`LATCHKEY_${kind.toUpperCase()}_URL`];
    return { kind, issuer, audience: issuer };
  }),
];

async function refused(promise, kind, code) {
  try {
    await promise;
  } catch (error) {
    console.log(`     ${error.constructor.name} ${error.code}: ${error.message}`);
    must(error instanceof kind && error.code === code, `${error.constructor.name} is ${kind.name}`);
    return error;
  }
  throw new Error("nothing was thrown");
}

// The claim that an error is about.
const claimOf = async (promise) => (await refused(promise, jose.errors.JWTClaimValidationFailed, "ERR_JWT_CLAIM_VALIDATION_FAILED")).claim;

function checksOf({ kind, issuer, audience }) {
  // From nothing but the issuer's URL.
  async function keys() {
    const answer = await fetch(`${issuer}/.well-known/openid-configuration`);
    const metadata = await answer.json();
    must(answer.status === 200 && metadata.issuer === issuer, JSON.stringify(metadata));
    return jose.createRemoteJWKSet(new URL(metadata.jwks_uri));
  }
  const verified = async (token, more = {}) =>
    jose.jwtVerify(token, await keys(), { issuer, audience, typ: "at+jwt", algorithms: [kind], ...more });
  const fresh = async () => logIn(await freshUser(issuer), issuer);

  return {
    [`${kind}: it verifies a fresh token`]: async () => {
      const { payload, protectedHeader } = await verified(await fresh());
      must(protectedHeader.alg === kind && protectedHeader.kid, JSON.stringify(protectedHeader));
      must(payload.exp > payload.iat && payload.sub && payload.jti && payload.client_id, JSON.stringify(payload));
    },
    [`${kind}: it refuses a token with another claim`]: async () => {
      const token = await fresh();
      const [header, , signature] = token.split(".");
      const claims = jose.base64url.encode(JSON.stringify({ ...jose.decodeJwt(token), sub: "another" }));
      const forged = verified(`${header}.${claims}.${signature}`);
      await refused(forged, jose.errors.JWSSignatureVerificationFailed, "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
    },
    [`${kind}: it refuses a token for another audience`]: async () => {
      const claim = await claimOf(verified(await fresh(), { audience: "https://another.example" }));
      must(claim === "aud", claim);
    },
    [`${kind}: it refuses a token of another issuer`]: async () => {
      const claim = await claimOf(verified(await fresh(), { issuer: "https://another.example" }));
      must(claim === "iss", claim);
    },
    [`${kind}: it refuses a token of another type`]: async () => {
      const claim = await claimOf(verified(await fresh(), { typ: "JWT" }));
      must(claim === "typ", claim);
    },
    [`${kind}: it refuses a token that has ended`]: async () => {
      const token = await fresh();
      const currentDate = new Date(jose.decodeJwt(token).exp * 1000);
      await refused(verified(token, { currentDate }), jose.errors.JWTExpired, "ERR_JWT_EXPIRED");
    },
    [`${kind}: it refuses a token whose key is not in the set`]: async () => {
      const token = await fresh();
      const [, ...rest] = token.split(".");
      const unknown = jose.base64url.encode(JSON.stringify({ ...jose.decodeProtectedHeader(token), kid: "unknown" }));
      await refused(verified([unknown, ...rest].join(".")), jose.errors.JWKSNoMatchingKey, "ERR_JWKS_NO_MATCHING_KEY");
    },
  };
}

let checks = {};
for (const service of services) {
  if (service.issuer) checks = { ...checks, ...checksOf(service) };
  else console.log(`     not run: ${service.kind}, since LATCHKEY_${service.kind.toUpperCase()}_URL names no service with such keys`);
}
const ok = await run(checks);
process.exit(ok ? 0 : 1);

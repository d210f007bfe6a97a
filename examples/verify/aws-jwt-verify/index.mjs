// A Lambda function behind an HTTP API that verifies Latchkey's access tokens.
//
// npm install aws-jwt-verify
// The function's variable ISSUER is the output `Issuer`.
import { JwtVerifier } from "aws-jwt-verify";
import { assertStringEquals } from "aws-jwt-verify/assert";
import { FetchError, JwksValidationError, JwtBaseError } from "aws-jwt-verify/error";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";

const issuer = process.env.ISSUER;
const audience = process.env.AUDIENCE ?? issuer;
const jwksUri = `${issuer}/.well-known/jwks.json`;

// The library's own fetcher has https alone; this one reaches `cargo dev`, too.
const fetcher = {
  async fetch(uri) {
    const response = await fetch(uri, { signal: AbortSignal.timeout(5000) });
    if (!response.ok) throw new FetchError(uri, `status ${response.status}`);
    return response.arrayBuffer();
  },
};

// The library accepts a token of any type; `at+jwt` marks an access token.
const customJwtCheck = ({ header }) => assertStringEquals("JWT typ", header.typ, "at+jwt");

const jwksCache = new SimpleJwksCache({ fetcher });
const verifier = JwtVerifier.create({ issuer, audience, jwksUri, graceSeconds: 60, customJwtCheck }, { jwksCache });

// The library keeps a key for as long as the process lives, a compromised one too.
let stale = 0;
async function verified(token) {
  if (Date.now() > stale) {
    await verifier.hydrate();
    stale = Date.now() + 300_000;
  }
  return verifier.verify(token);
}

const respond = (statusCode, body, headers) => ({ statusCode, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) });

export async function handler(event) {
  const [, token] = /^Bearer +(\S+)$/i.exec(event.headers.authorization ?? "") ?? [];
  if (!token) return respond(401, { detail: "Not authenticated" }, { "www-authenticate": "Bearer" });
  try {
    const { sub } = await verified(token);
    return respond(200, [{ item_id: "Foo", owner: sub }]);
  } catch (error) {
    // Keys that cannot be fetched say nothing about the token: a 401 would log users out.
    const isTheTokens = error instanceof JwtBaseError && !(error instanceof FetchError || error instanceof JwksValidationError);
    if (!isTheTokens) return respond(503, { detail: "The keys cannot be reached" });
    return respond(401, { error: "invalid_token" }, { "www-authenticate": 'Bearer error="invalid_token"' });
  }
}

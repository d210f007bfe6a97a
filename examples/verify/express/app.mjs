// An API in Express that verifies Latchkey's access tokens.
//
// npm install express express-oauth2-jwt-bearer
// ISSUER=http://127.0.0.1:3000 PORT=8080 node app.mjs
import express from "express";
import { auth } from "express-oauth2-jwt-bearer";

const issuer = process.env.ISSUER;
const audience = process.env.AUDIENCE ?? issuer;
const jwksUri = `${issuer}/.well-known/jwks.json`;

// `strict` wants the `typ` and the claims of an access token (RFC 9068). `dpop` is off, since the library offers DPoP
// in its challenges by default, and Latchkey's tokens are bound to no key.
const caller = auth({ issuer, audience, jwksUri, strict: true, tokenSigningAlg: "RS256", clockTolerance: 60, dpop: { enabled: false } });

// The library responds 401 also where it cannot fetch the keys, which says nothing about the token and would log users out.
// So this looks again, at most every 5 seconds.
let looked = { at: -Infinity };
function keysAreReachable() {
  if (Date.now() > looked.at + 5000) {
    const found = fetch(jwksUri, { signal: AbortSignal.timeout(5000) });
    const keys = found.then(async (response) => response.ok && (await response.json()).keys.length > 0);
    looked = { at: Date.now(), ok: keys.catch(() => false) };
  }
  return looked.ok;
}

const app = express();
app.get("/items", caller, (request, response) => response.json([{ item_id: "Foo", owner: request.auth.payload.sub }]));
app.use(async (error, request, response, next) => {
  if (!error.headers?.["WWW-Authenticate"]) return next(error);
  if (error.code === "invalid_token" && !(await keysAreReachable())) return response.status(503).json({ detail: "The keys cannot be reached" });
  response.status(error.status).set(error.headers).json({ error: error.code });
});
const server = app.listen(process.env.PORT ?? 8080, "127.0.0.1", () => console.log(`Listening on http://127.0.0.1:${server.address().port}`));

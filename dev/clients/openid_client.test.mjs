// openid-client v6: the password grant is a generic grant request.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as client from "openid-client";

import { freshUser, url } from "./users.mjs";

function configuration(authentication = client.None()) {
  const made = new client.Configuration({ issuer: url, token_endpoint: `${url}/token` }, "cli", undefined, authentication);
  // Plain HTTP, on loopback alone.
  client.allowInsecureRequests(made);
  return made;
}

const grant = (parameters, made = configuration()) => client.genericGrantRequest(made, "password", parameters);

const errorOf = (promise) => promise.then(() => assert.fail("nothing was thrown"), (error) => error);

test("T-23, T-18: it logs in by status 200 and reads the user", async () => {
  const [user, made] = [await freshUser(), configuration()];
  const tokens = await grant(user, made);
  assert.deepEqual([tokens.token_type, tokens.expires_in], ["bearer", 1800]);
  const me = await client.fetchProtectedResource(made, tokens.access_token, new URL(`${url}/users/me`), "GET");
  assert.equal((await me.json()).username, user.username);
});

test("T-23: it logs in with Basic", async () => {
  assert.ok((await grant(await freshUser(), configuration(client.ClientSecretBasic("secret")))).access_token);
});

for (const algorithm of ["oidc", "oauth2"]) {
  test(`T-23: it finds the service by the issuer's URL alone, by ${algorithm}`, async () => {
    const options = { algorithm, execute: [client.allowInsecureRequests] };
    const found = await client.discovery(new URL(url), "cli", undefined, client.None(), options);
    assert.ok((await grant(await freshUser(), found)).access_token);
  });
}

test("T-23, T-17: a wrong password is a challenge, whose response has invalid_grant", async () => {
  const error = await errorOf(grant({ ...(await freshUser()), password: "wrong" }));
  // It reads a challenge before the body, so `invalid_grant` is in the response that it hands on and not in the error.
  assert.ok(error instanceof client.WWWAuthenticateChallengeError, error);
  assert.deepEqual([error.status, error.cause[0].scheme], [401, "bearer"]);
  assert.equal((await error.response.json()).error, "invalid_grant");
});

test("T-17: a scope that cannot be granted is an error in a body without a challenge", async () => {
  const error = await errorOf(grant({ ...(await freshUser()), scope: "read" }));
  assert.ok(error instanceof client.ResponseBodyError, error);
  assert.equal(error.error, "invalid_scope");
});

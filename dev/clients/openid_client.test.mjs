// openid-client v6, whose password grant is a generic grant request, and oauth4webapi, on which it is built.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as oauth from "oauth4webapi";
import * as client from "openid-client";

import { freshUser, rotatingUrl, until, url } from "./users.mjs";

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

test("openid-client refreshes until the refresh token is replaced, and logs out", async () => {
  const options = { execute: [client.allowInsecureRequests] };
  const found = await client.discovery(new URL(rotatingUrl), "cli", undefined, client.None(), options);
  const first = await grant(await freshUser(rotatingUrl), found);
  let tokens = first;
  await until(async () => {
    tokens = await client.refreshTokenGrant(found, tokens.refresh_token);
    assert.deepEqual([tokens.token_type, tokens.expires_in], ["bearer", 1800]);
    return tokens.refresh_token !== first.refresh_token;
  });
  assert.equal(await client.tokenRevocation(found, tokens.refresh_token), undefined);
  await client.tokenRevocation(found, "made-up", { token_type_hint: "refresh_token" });
  const error = await errorOf(client.refreshTokenGrant(found, tokens.refresh_token));
  assert.ok(error instanceof client.ResponseBodyError, error);
  assert.deepEqual([error.status, error.error], [400, "invalid_grant"]);
});

test("oauth4webapi accepts the responses of a refresh, of a revocation and of an ended session", async () => {
  const options = { [oauth.allowInsecureRequests]: true };
  const discovered = await oauth.discoveryRequest(new URL(url), { algorithm: "oauth2", ...options });
  const server = await oauth.processDiscoveryResponse(new URL(url), discovered);
  const [cli, none, user] = [{ client_id: "cli" }, oauth.None(), await freshUser()];
  const granted = await oauth.genericTokenEndpointRequest(server, cli, none, "password", user, options);
  const tokens = await oauth.processGenericTokenEndpointResponse(server, cli, granted);
  const refresh = () => oauth.refreshTokenGrantRequest(server, cli, none, tokens.refresh_token, options);
  const refreshed = await oauth.processRefreshTokenResponse(server, cli, await refresh());
  assert.notEqual(refreshed.access_token, tokens.access_token);
  assert.equal(refreshed.refresh_token, tokens.refresh_token, "it is younger than the window");
  const me = new URL(`${url}/users/me`);
  const read = () => oauth.protectedResourceRequest(refreshed.access_token, "GET", me, undefined, undefined, options);
  assert.equal((await (await read()).json()).username, user.username);
  // By the access token, which names its session.
  const revoked = await oauth.revocationRequest(server, cli, none, refreshed.access_token, options);
  assert.equal(await oauth.processRevocationResponse(revoked), undefined);
  const challenged = await errorOf(read());
  assert.equal(challenged.cause[0].parameters.error, "invalid_token");
  const error = await errorOf(refresh().then((response) => oauth.processRefreshTokenResponse(server, cli, response)));
  assert.deepEqual([error.code, error.error], [oauth.RESPONSE_BODY_ERROR, "invalid_grant"]);
});

// The service under test and its users.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

export const url = process.env.LATCHKEY_URL;
// The tokens' `aud`: the issuer, unless the service is configured otherwise.
export const audience = process.env.LATCHKEY_AUDIENCE ?? url;

// Registers a user and returns the username and the password, as the form of a log-in has them.
export async function freshUser(at = url) {
  const user = { username: "user" + randomUUID().replaceAll("-", ""), password: "correct horse battery" };
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${at}/register`, { method: "POST", headers, body: JSON.stringify(user) });
  assert.equal(response.status, 201);
  return user;
}

// Logs a user in and returns the access token.
export async function logIn(user, at = url) {
  const response = await fetch(`${at}/token`, { method: "POST", body: new URLSearchParams(user) });
  assert.equal(response.status, 200);
  return (await response.json()).access_token;
}

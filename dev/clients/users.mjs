// The service under test and its users.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";

export const url = process.env.LATCHKEY_URL;
// The tokens' `aud`: the issuer, unless the service is configured otherwise.
export const audience = process.env.LATCHKEY_AUDIENCE ?? url;
// A service that replaces refresh tokens after seconds; with a URL given, after its own window.
export const rotatingUrl = process.env.LATCHKEY_ROTATING_URL ?? url;

// Registers a user and returns the username and the password, as the form of a log-in has them.
export async function freshUser(at = url) {
  const user = { username: "user" + randomUUID().replaceAll("-", ""), password: "correct horse battery" };
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${at}/register`, { method: "POST", headers, body: JSON.stringify(user) });
  assert.equal(response.status, 201);
  return user;
}

// Logs a user in and returns the token response.
export async function tokensOf(user, at = url) {
  const response = await fetch(`${at}/token`, { method: "POST", body: new URLSearchParams(user) });
  assert.equal(response.status, 200);
  return response.json();
}

// Logs a user in and returns the access token.
export const logIn = async (user, at = url) => (await tokensOf(user, at)).access_token;

// Repeats a call until it returns what is true; within a minute, as a refresh token is replaced after 30 seconds by default.
export async function until(condition) {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, "not within a minute");
    await setTimeout(100);
  }
}

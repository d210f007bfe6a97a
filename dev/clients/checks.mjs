// What the JavaScript clients share: a fresh user, and checks that are sentences.
import { randomUUID } from "node:crypto";

export const URL_ = process.env.LATCHKEY_URL;
export const PASSWORD = "correct horse battery";
// The tokens' `aud`: the issuer, unless the service has been told another.
export const AUDIENCE = process.env.LATCHKEY_AUDIENCE ?? URL_;

export async function freshUser(url = URL_) {
  const username = "user" + randomUUID().replaceAll("-", "");
  const answer = await fetch(`${url}/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username, password: PASSWORD }),
  });
  if (answer.status !== 201) throw new Error(await answer.text());
  return username;
}

// The access token of a log-in.
export async function logIn(username, url = URL_) {
  const answer = await fetch(`${url}/token`, { method: "POST", body: new URLSearchParams({ username, password: PASSWORD }) });
  if (answer.status !== 200) throw new Error(await answer.text());
  return (await answer.json()).access_token;
}

export function must(condition, what) {
  if (!condition) throw new Error(`not so: ${what}`);
}

export async function run(checks) {
  let passed = 0;
  let failed = 0;
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check();
      console.log("ok  ", name);
      passed += 1;
    } catch (error) {
      console.log("FAIL", name);
      console.log(error.message);
      failed += 1;
    }
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0;
}

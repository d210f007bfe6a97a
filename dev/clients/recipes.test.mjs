// The recipe of docs/use-it-from.md for Next.js; browser.test.mjs runs the one for a browser's page.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import { recipe } from "./recipes.mjs";
import { freshUser, rotatingUrl, until, url } from "./users.mjs";

// Imports a recipe anew, from where it finds the packages of this folder.
async function imported(code) {
  const folder = join(import.meta.dirname, "node_modules/.recipes");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${createHash("sha256").update(code).digest("hex")}.mjs`);
  writeFileSync(file, code);
  return import(`${file}?${randomUUID()}`);
}

describe("Next.js", () => {
  // What a browser does with the cookies of the responses.
  function browser(handlers) {
    const cookies = new Map();
    async function call(method, path, body) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const request = new Request(`https://app.example/api${path}`, { method, body, headers: { cookie } });
      const response = await handlers[method](request, { params: Promise.resolve({ path: path.slice(1).split("/") }) });
      for (const set of response.headers.getSetCookie()) {
        const [, name, value, seconds] = /^(\w+)=([^;]*); Max-Age=(\d+); Path=\/api; HttpOnly; Secure; SameSite=Strict$/.exec(set);
        if (Number(seconds)) cookies.set(name, value);
        else cookies.delete(name);
      }
      return response;
    }
    return { call, cookies };
  }

  test("the server keeps the tokens, refreshes and logs out", async () => {
    process.env.LATCHKEY_URL = rotatingUrl;
    const { call, cookies } = browser(await imported(recipe("Next.js")));
    process.env.LATCHKEY_URL = url;
    const user = await freshUser(rotatingUrl);
    assert.equal((await call("GET", "/users/me")).status, 401, "nobody is logged in");
    assert.equal((await call("POST", "/log-in", new URLSearchParams({ ...user, password: "wrong" }))).status, 401);
    assert.equal((await call("POST", "/log-in", new URLSearchParams(user))).status, 204);
    assert.equal((await (await call("GET", "/users/me")).json()).username, user.username);
    const changed = await call("PATCH", "/users/me", new Blob(['{"full_name": "John Doe"}'], { type: "application/json" }));
    assert.equal((await changed.json()).full_name, "John Doe");
    const first = cookies.get("refresh");
    await until(async () => {
      cookies.delete("access");
      const responses = await Promise.all(Array.from({ length: 10 }, () => call("GET", "/users/me")));
      assert.deepEqual(responses.map(({ status }) => status), Array(10).fill(200));
      return cookies.get("refresh") !== first;
    });
    assert.equal((await (await call("GET", "/sessions")).json()).length, 1);
    assert.equal((await call("POST", "/log-out")).status, 204);
    assert.deepEqual([...cookies], []);
    assert.equal((await call("GET", "/users/me")).status, 401);
  });
});

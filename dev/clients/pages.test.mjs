// The pages that the links in mails lead to, in Chromium.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";

import { assertAccessible, assertFocusIsSeen } from "./accessibility.mjs";
import { startChromium } from "./chromium.mjs";
import { url } from "./users.mjs";

const TOKEN = "3q2-7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs";
const { status } = await fetch(`${url}/verify-email`);
const skip = !process.env.LATCHKEY_PROGRAMS && status === 404 && "the service of LATCHKEY_URL sends no mail";

let browser, context, page, elsewhere, problems;

before(async () => (browser = await startChromium()));
after(() => browser?.close());
afterEach(() => context?.close());

async function open(path, options) {
  context = await browser.newContext(options);
  page = await context.newPage();
  [elsewhere, problems] = [[], []];
  page.on("request", (request) => request.url().startsWith(url) || elsewhere.push(request.url()));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  const response = await page.goto(`${url}${path}?token=${TOKEN}`);
  assert.equal(response.status(), 200);
}

for (const [path, autocomplete] of [
  ["/verify-email", "current-password"],
  ["/reset-password", "new-password"],
]) {
  describe(path, { skip }, () => {
    test("is accessible in both colour schemes, small and large", async () => {
      await open(path);
      await assertAccessible(page);
      await assertFocusIsSeen(page, ["#password", "button"]);
      assert.deepEqual([elsewhere, problems], [[], []]);
    });

    test("has one field, which its label and its hint describe and a password manager fills in", async () => {
      await open(path);
      const labelled = page.getByLabel(await page.locator("label").innerText(), { exact: true });
      assert.equal(await labelled.getAttribute("autocomplete"), autocomplete);
      const hint = await labelled.evaluate((input) => document.getElementById(input.getAttribute("aria-describedby")).innerText);
      assert.ok(hint.length > 20, hint);
      assert.equal(await page.locator("input:visible").count(), 1);
      assert.equal(await page.getByRole("heading", { level: 1 }).count(), 1);
    });

    test("without JavaScript, sends token and password in the body, and the address has no token from then on", async () => {
      await open(path, { javaScriptEnabled: false });
      await page.locator("#password").fill("correct horse battery");
      const sent = page.waitForRequest((request) => request.method() === "POST");
      await page.getByRole("button").click();
      const request = await sent;
      await page.waitForLoadState();
      assert.equal(request.url(), url + path);
      assert.deepEqual(Object.fromEntries(new URLSearchParams(request.postData())), { token: TOKEN, password: "correct horse battery" });
      assert.equal((await request.allHeaders()).referer, undefined);
      assert.equal(page.url(), url + path);
    });
  });
}

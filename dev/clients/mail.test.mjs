// The whole way of a user by mail, in Chromium: register, prove the address, forget the password, replace it. The links are those of real mails.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, afterEach, before, describe, test } from "node:test";

import { assertAccessible } from "./accessibility.mjs";
import { startChromium } from "./chromium.mjs";
import { until } from "./users.mjs";

// A service where addresses must be proved, with a mailbox.
const url = process.env.LATCHKEY_PROVING_URL;
const skip = !url && "LATCHKEY_PROVING_URL names no service where addresses must be proved";
const [password, newPassword] = ["correct horse battery", "battery horse correct"];

let browser, context, page;

before(async () => (browser = await startChromium()));
after(() => browser?.close());
afterEach(() => context?.close());

const json = (path, body, headers = {}) =>
  fetch(url + path, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) });

const logIn = (username, password) => fetch(`${url}/token`, { method: "POST", body: new URLSearchParams({ username, password }) });

const freshAddress = () => `user${randomUUID().replaceAll("-", "")}@example.com`;

// Returns the newest mail to an address whose text has a link to a path, once there are so many.
async function mailTo(address, path, count = 1) {
  let found = [];
  await until(async () => {
    const mails = await (await fetch(`${url}/dev/mail`, { headers: { accept: "application/json" } })).json();
    found = mails.filter((mail) => mail.to === address && mail.links.some((link) => link.startsWith(url + path)));
    return found.length >= count;
  });
  return found[0];
}

const linkTo = async (address, path, count) => (await mailTo(address, path, count)).links.find((link) => link.startsWith(url + path));

async function follow(link, typed, status) {
  context = await browser.newContext();
  page = await context.newPage();
  await page.goto(link);
  await page.locator("#password").fill(typed);
  const responded = page.waitForResponse((response) => response.request().method() === "POST");
  await page.getByRole("button").click();
  assert.equal((await responded).status(), status);
  await page.waitForLoadState();
  assert.ok(!page.url().includes("token"), page.url());
  const heading = await page.getByRole("heading", { level: 1 }).innerText();
  await assertAccessible(page);
  await context.close();
  return heading;
}

// What a scanner of links does: it fetches each of them, again and again.
async function scan(link) {
  for (const agent of ["Barracuda Sentinel", "Mimecast", "Microsoft Safe Links", "Proofpoint URL Defense", "Cisco Secure Email"]) {
    const fetches = Array.from({ length: 20 }, (_, index) =>
      fetch(link, { method: index % 2 ? "HEAD" : "GET", headers: { "user-agent": agent } }),
    );
    for (const response of await Promise.all(fetches)) assert.equal(response.status, 200);
  }
}

describe("mail", { skip }, () => {
  test("E-01, E-02, N-10: register, prove, forget, reset, and the old session is rejected", async () => {
    const address = freshAddress();
    assert.equal((await json("/register", { email: address, password })).status, 201);
    assert.equal((await logIn(address, password)).status, 401, "a claim logs no user in");
    const proof = await linkTo(address, "/verify-email");
    await scan(proof);
    assert.equal(await follow(proof, "a wrong password", 401), "Confirm your email address");
    assert.equal(await follow(proof, password, 200), "Your address is confirmed");
    assert.equal(await follow(proof, password, 400), "Your address is not confirmed");
    const { access_token: old } = await (await logIn(address, password)).json();
    const me = (token) => fetch(`${url}/users/me`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal((await (await me(old)).json()).email_verified, true);

    assert.equal((await json("/forgot-password", { email: address })).status, 202);
    const reset = await linkTo(address, "/reset-password");
    await scan(reset);
    assert.equal(await follow(reset, "short", 422), "Choose a new password");
    assert.equal(await follow(reset, newPassword, 200), "Your password is changed");
    assert.equal(await follow(reset, newPassword, 400), "Your password is not changed");
    assert.equal((await me(old)).status, 401, "the old session");
    assert.equal((await logIn(address, password)).status, 401);
    assert.equal((await logIn(address, newPassword)).status, 200);
  });

  test("E-01: the owner of a claimed address gets a link for each account, and the squatter keeps nothing", async () => {
    const address = freshAddress();
    const squatter = `squatter${randomUUID().slice(0, 8)}`;
    assert.equal((await json("/register", { username: squatter, email: address, password })).status, 201);
    const { access_token: old } = await (await logIn(squatter, password)).json();
    assert.equal((await json("/forgot-password", { email: address })).status, 202);
    const mail = await mailTo(address, "/reset-password");
    assert.ok(mail.text.includes(squatter), mail.text);
    const [link] = mail.links.filter((link) => link.startsWith(`${url}/reset-password`));
    assert.equal(await follow(link, newPassword, 200), "Your password is changed");
    assert.equal((await logIn(squatter, password)).status, 401);
    const rejected = await fetch(`${url}/users/me`, { headers: { authorization: `Bearer ${old}` } });
    assert.equal(rejected.status, 401);
    assert.equal((await logIn(address, newPassword)).status, 200);
  });

  test("a changed address is undone by the link to the former one", async () => {
    const [address, other] = [freshAddress(), freshAddress()];
    await json("/register", { email: address, password });
    await follow(await linkTo(address, "/verify-email"), password, 200);
    const { access_token: token } = await (await logIn(address, password)).json();
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const changed = await fetch(`${url}/users/me`, { method: "PATCH", headers, body: JSON.stringify({ email: other }) });
    assert.equal(changed.status, 200);
    await follow(await linkTo(other, "/verify-email"), password, 200);
    assert.equal((await logIn(other, password)).status, 200);
    assert.equal((await logIn(address, password)).status, 401);
    await follow(await linkTo(address, "/reset-password"), newPassword, 200);
    assert.equal((await logIn(address, newPassword)).status, 200);
    assert.equal((await logIn(other, newPassword)).status, 401);
  });

  test("the owner of an address learns of a registration, and the response does not say so", async () => {
    const address = freshAddress();
    await json("/register", { email: address, password });
    await follow(await linkTo(address, "/verify-email"), password, 200);
    const again = await json("/register", { email: address, password });
    assert.equal(again.status, 201);
    await until(async () => {
      const mails = await (await fetch(`${url}/dev/mail`, { headers: { accept: "application/json" } })).json();
      return mails.some((mail) => mail.to === address && !mail.links.some((link) => link.includes("token=")));
    });
  });
});

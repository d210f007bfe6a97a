// /docs in Debian's Chromium, as a reader uses it, and pages of another origin.
import { mkdtempSync, mkdirSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

import { PASSWORD, URL_, freshUser, must, run } from "./checks.mjs";

// The service that allows the origin of the page below, and the folder for the picture.
const [allowing, target] = [process.env.LATCHKEY_ALLOWING_URL, process.env.LATCHKEY_TARGET ?? "target"];
const FOREIGN_PORT = 3955;

const browser = await chromium.launchPersistentContext(mkdtempSync(join(tmpdir(), "docs-")), {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  viewport: { width: 1280, height: 1400 },
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
const page = await browser.newPage();
const elsewhere = [];
page.on("request", (request) => {
  if (!request.url().startsWith(URL_) && !request.url().startsWith("data:")) elsewhere.push(request.url());
});
const problems = [];
page.on("pageerror", (error) => problems.push(String(error)));
page.on("console", (message) => {
  if (message.type() === "error" && /Content Security Policy/.test(message.text())) problems.push(message.text());
});

async function open() {
  await page.goto(`${URL_}/docs`);
  await page.locator(".opblock-summary").first().waitFor();
}

const dialog = page.locator(".dialog-ux");
// The first of the two schemes in the dialog: the password form.
const form = dialog.locator(".auth-container").filter({ hasText: "OAuth2, password" });

async function authorize(username, password) {
  await page.locator(".auth-wrapper .authorize").first().click();
  await form.locator("#oauth_username").fill(username);
  await form.locator("#oauth_password").fill(password);
  await form.locator("button.authorize").click();
}

async function tryMe() {
  const operation = page.locator("#operations-users-me");
  if (!(await operation.locator(".opblock-body").isVisible())) {
    await operation.locator(".opblock-summary-control").first().click();
    await operation.locator(".try-out__btn").click();
  }
  const answered = page.waitForResponse(`${URL_}/users/me`);
  await operation.locator("button.execute").click();
  const status = (await answered).status();
  await operation.locator(".live-responses-table .response-col_status").filter({ hasText: String(status) }).first().waitFor();
  return { status, text: await operation.locator(".live-responses-table").first().innerText() };
}

async function isAuthorized() {
  return (await page.locator(".auth-wrapper .authorize.locked").count()) > 0;
}

const username = await freshUser();

const checks = {
  "a wrong password shows its message": async () => {
    await open();
    await authorize(username, "wrong");
    const shown = form.locator(".errors");
    await shown.first().waitFor();
    const text = await shown.first().innerText();
    console.log(`     ${text.replaceAll("\n", " ")}`);
    must(/Incorrect username or password|invalid_grant|Unauthorized/i.test(text), text);
    await dialog.locator(".close-modal").click();
    must(!(await isAuthorized()), "nobody is logged in");
  },
  "Authorize logs in, and the call is answered with the user (T-10, T-23)": async () => {
    await open();
    const asked = page.waitForRequest(`${URL_}/token`);
    await authorize(username, PASSWORD);
    const basic = await (await asked).headerValue("authorization");
    must(basic === "Basic Og==", `Swagger UI sends ${basic}, so this no longer shows T-10`);
    await form.locator("button", { hasText: "Logout" }).waitFor();
    await dialog.locator(".close-modal").click();
    const { status, text } = await tryMe();
    must(status === 200 && text.includes(username), `${status} ${text}`);
    mkdirSync(target, { recursive: true });
    await page.locator("#operations-users-me").scrollIntoViewIfNeeded();
    await page.screenshot({ path: join(target, "docs.png"), fullPage: true });
  },
  "after Logout the call gets 401": async () => {
    await page.locator(".auth-wrapper .authorize").first().click();
    await form.locator("button", { hasText: "Logout" }).click();
    await dialog.locator(".close-modal").click();
    must((await tryMe()).status === 401, "another status");
  },
  "the token does not survive a reload by itself": async () => {
    await open();
    await authorize(username, PASSWORD);
    await form.locator("button", { hasText: "Logout" }).waitFor();
    await open();
    must(!(await isAuthorized()), "it survived");
    must((await page.evaluate(() => localStorage.length)) === 0, "something is stored");
  },
  "the token survives a reload where the reader asks for it, and is gone when the reader no longer does": async () => {
    await open();
    await authorize(username, PASSWORD);
    await form.locator("button", { hasText: "Logout" }).waitFor();
    await dialog.locator(".close-modal").click();
    await page.locator("#keep").check();
    await open();
    must(await isAuthorized(), "it did not survive");
    must((await tryMe()).status === 200, "another status");
    await page.locator("#keep").uncheck();
    await open();
    must(!(await isAuthorized()), "it survived");
  },
  "a link cannot make the page show another document": async () => {
    await page.goto(`${URL_}/docs?url=${encodeURIComponent(`${URL_}/other.json`)}`);
    await page.locator("#operations-users-me").waitFor();
  },
  "the page asked nobody else and broke no rule of its policy": async () => {
    must(elsewhere.length === 0, elsewhere.join(" "));
    must(problems.length === 0, problems.join(" "));
  },
};

// A page of another origin that calls the API by code.
const foreign = http.createServer((_, answer) => {
  answer.setHeader("content-type", "text/html");
  answer.end("<!doctype html><title>elsewhere</title>");
});
await new Promise((listening) => foreign.listen(FOREIGN_PORT, "127.0.0.1", listening));

async function fromElsewhere(url, user) {
  const other = await browser.newPage();
  await other.goto(`http://127.0.0.1:${FOREIGN_PORT}/`);
  const seen = await other.evaluate(
    async ([url, user, password]) => {
      try {
        const form = new URLSearchParams({ username: user, password });
        const token = await (await fetch(`${url}/token`, { method: "POST", body: form })).json();
        const me = await fetch(`${url}/users/me`, { headers: { authorization: `Bearer ${token.access_token}` } });
        const refused = await fetch(`${url}/users/me`, { headers: { authorization: "Bearer x" } });
        return { me: (await me.json()).username, challenge: refused.headers.get("www-authenticate") };
      } catch (error) {
        return { error: String(error) };
      }
    },
    [url, user, PASSWORD],
  );
  await other.close();
  return seen;
}

// Each route by itself: where log-in is refused, a script of the page never comes as far as the second call. The token is made
// here, so the browser alone stands between the page and the answer.
async function readable(url, path, options) {
  const other = await browser.newPage();
  await other.goto(`http://127.0.0.1:${FOREIGN_PORT}/`);
  const seen = await other.evaluate(
    ([address, options]) => fetch(address, options).then((answer) => `answered ${answer.status}`, (error) => error.name),
    [url + path, options],
  );
  await other.close();
  return seen;
}

async function bothRoutes(url) {
  const form = new URLSearchParams({ username: await freshUser(url), password: PASSWORD }).toString();
  const type = { "content-type": "application/x-www-form-urlencoded" };
  const { access_token } = await (await fetch(`${url}/token`, { method: "POST", headers: type, body: form })).json();
  const token = await readable(url, "/token", { method: "POST", headers: type, body: form });
  const me = await readable(url, "/users/me", { headers: { authorization: `Bearer ${access_token}` } });
  return `${token}, ${me}`;
}

checks["a page of an origin that is not allowed reads neither the token nor the user"] = async () => {
  const seen = await bothRoutes(URL_);
  must(seen === "TypeError, TypeError", seen);
};
if (allowing) {
  checks["a page of an allowed origin reads the token and the user, each by itself"] = async () => {
    const seen = await bothRoutes(allowing);
    must(seen === "answered 200, answered 200", seen);
  };
  checks["a page of an allowed origin calls the API and reads the challenge"] = async () => {
    const user = await freshUser(allowing);
    const seen = await fromElsewhere(allowing, user);
    must(seen.me === user, JSON.stringify(seen));
    must(seen.challenge?.includes("invalid_token"), JSON.stringify(seen));
  };
} else {
  console.log("     not run: the pages of an allowed origin, since LATCHKEY_ALLOWING_URL names no service that allows one");
}

const ok = await run(checks);
foreign.close();
await browser.close();
process.exit(ok ? 0 : 1);

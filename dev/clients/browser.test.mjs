// /docs in Chromium, as a reader uses it, and pages of another origin.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import * as jose from "jose";

import { startChromium } from "./chromium.mjs";
import { recipe } from "./recipes.mjs";
import { freshUser, logIn, url } from "./users.mjs";

// A service that runs already may have the user of the examples.
const [clientId, clientSecret] = (process.env.LATCHKEY_CLIENT ?? "").split(":");
const onAnotherService = !process.env.LATCHKEY_PROGRAMS && "LATCHKEY_PROGRAMS names no folder, so the service is not a fresh one";

let browser, context, page;

before(async () => (browser = await startChromium()));
after(() => browser?.close());

beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1280, height: 1400 } });
  page = await context.newPage();
});
afterEach(() => context.close());

describe("/docs", () => {
  let user, dialog, form, elsewhere, problems;

  beforeEach(async () => {
    user = await freshUser();
    [elsewhere, problems] = [[], []];
    page.on("request", (request) => {
      if (!request.url().startsWith(url) && !request.url().startsWith("data:")) elsewhere.push(request.url());
    });
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error" && /Content Security Policy/.test(message.text())) problems.push(message.text());
    });
    dialog = page.locator(".dialog-ux");
    // One of the three schemes in the dialog: the password form.
    form = dialog.locator(".auth-container").filter({ hasText: "OAuth2, password" });
    await open();
  });
  // Holds for each test: the page asks no other origin and breaks no rule of its policy.
  afterEach(() => assert.deepEqual([elsewhere, problems], [[], []]));

  async function open() {
    await page.goto(`${url}/docs`);
    await page.locator(".opblock-summary").first().waitFor();
  }

  const openDialog = () => page.locator(".auth-wrapper .authorize").first().click();
  const closeDialog = () => dialog.locator(".close-modal").click();
  const logOut = () => form.locator("button", { hasText: "Logout" });
  const isAuthorized = async () => (await page.locator(".auth-wrapper .authorize.locked").count()) > 0;

  async function submit(password) {
    await openDialog();
    await form.locator("#oauth_username").fill(user.username);
    await form.locator("#oauth_password").fill(password);
    await form.locator("button.authorize").click();
  }

  async function authorize() {
    await submit(user.password);
    await logOut().waitFor();
    await closeDialog();
  }

  // Presses Execute with the values that the page fills in, and these of the path or the form.
  async function tryOut(operation, path, parameters = {}) {
    if (!(await operation.locator(".opblock-body").isVisible())) {
      await operation.locator(".opblock-summary-control").first().click();
      await operation.locator(".try-out__btn").click();
    }
    for (const [name, value] of Object.entries(parameters)) {
      await operation.locator(`:is(tr[data-param-name="${name}"], tr[data-property-name="${name}"]) input`).first().fill(value);
      path = path.replace(`{${name}}`, value);
    }
    const responded = page.waitForResponse((response) => response.url().split("?")[0] === url + path);
    await operation.locator("button.execute").click();
    const status = (await responded).status();
    const table = operation.locator(".live-responses-table");
    await table.locator(".response-col_status").filter({ hasText: String(status) }).first().waitFor();
    return { status, text: await table.first().innerText() };
  }

  // Creates an API key and returns its id.
  async function anApiKey(user) {
    const headers = { authorization: `Bearer ${await logIn(user)}`, "content-type": "application/json" };
    const response = await fetch(`${url}/api-keys`, { method: "POST", headers, body: JSON.stringify({ name: "laptop" }) });
    return (await response.json()).id;
  }

  async function anotherSession(user) {
    const headers = { authorization: `Bearer ${await logIn(user)}` };
    const sessions = await (await fetch(`${url}/sessions`, { headers })).json();
    return sessions.find(({ current }) => current).id;
  }

  const tryMe = () => tryOut(page.locator("#operations-users-me"), "/users/me");

  test("T-23: a wrong password shows invalid_grant and its description", async () => {
    await submit("wrong");
    const shown = form.locator(".errors").first();
    await shown.waitFor();
    assert.match(await shown.innerText(), /invalid_grant[^]*Incorrect username or password/);
    await closeDialog();
    assert.ok(!(await isAuthorized()));
  });

  test("T-23, T-10: Authorize logs in, and Try it out shows the user", async () => {
    const asked = page.waitForRequest(`${url}/token`);
    await authorize();
    assert.equal(await (await asked).headerValue("authorization"), "Basic Og==", "Swagger UI no longer shows T-10");
    const { status, text } = await tryMe();
    assert.equal(status, 200);
    assert.ok(text.includes(user.username), text);
    const target = join(import.meta.dirname, "../../target");
    mkdirSync(target, { recursive: true });
    await page.locator("#operations-users-me").scrollIntoViewIfNeeded();
    await page.screenshot({ path: join(target, "docs.png"), fullPage: true });
  });

  test("each operation succeeds as the page fills it in", { skip: onAnotherService }, async () => {
    const { components, paths } = await (await fetch(`${url}/openapi.json`)).json();
    const { username, password } = components.schemas.TokenRequest.properties;
    [user.username, user.password] = [username.examples[0], password.examples[0]];
    const all = Object.entries(paths).flatMap(([path, methods]) =>
      Object.values(methods).map((operation) => ({ ...operation, path })),
    );
    // In the page's order, which has the registration before the log-in. What needs a token comes after the others, and what ends
    // sessions and the account comes last.
    const shown = await page.locator(".opblock").evaluateAll((blocks) => blocks.map(({ id }) => id));
    const order = ({ tags: [tag], operationId }) => shown.indexOf(`operations-${tag}-${operationId}`);
    const isOpen = ({ security }) => security.some((way) => Object.keys(way).length === 0);
    const ends = ["end_session", "end_other_sessions", "delete_me"];
    const end = ({ operationId }) => ends.indexOf(operationId);
    all.sort((a, b) => isOpen(b) - isOpen(a) || end(a) - end(b) || order(a) - order(b));
    assert.equal(all.length, shown.length);
    for (const operation of all) {
      if (!isOpen(operation) && !(await isAuthorized())) await authorize();
      // The page's examples are ids of no session and no key of this user, and of no client.
      const others = {
        end_session: async () => ({ id: await anotherSession(user) }),
        end_api_key: async () => ({ id: await anApiKey(user) }),
        introspect: () => ({ client_id: clientId, client_secret: clientSecret }),
      };
      const parameters = (await others[operation.operationId]?.()) ?? {};
      const { status, text } = await tryOut(page.locator(`#${shown[order(operation)]}`), operation.path, parameters);
      const success = Object.keys(operation.responses).filter((documented) => documented.startsWith("2"));
      assert.deepEqual([String(status)], success, `${operation.operationId}: ${text}`);
    }
    assert.equal((await tryMe()).status, 401, "the user is deleted");
  });

  test("the dialog offers password, bearer and key, and begins with the form to log in, whose first field has the focus", async () => {
    await openDialog();
    const offered = await dialog.locator(".auth-container h4").allInnerTexts();
    assert.deepEqual(offered.map((scheme) => scheme.split(/\s/)[0]), ["password", "token", "x-api-key"]);
    assert.match(await dialog.locator(".auth-container").first().innerText(), /OAuth2, password/);
    assert.equal(await page.evaluate(() => document.activeElement.id), "oauth_username");
  });

  test("after Logout, Try it out gets 401", async () => {
    await authorize();
    assert.equal((await tryMe()).status, 200);
    await openDialog();
    await logOut().click();
    await closeDialog();
    assert.equal((await tryMe()).status, 401);
  });

  test("by default the token does not survive a reload", async () => {
    await authorize();
    await open();
    assert.ok(!(await isAuthorized()));
    assert.equal(await page.evaluate(() => localStorage.length), 0);
  });

  test("the token survives a reload only while the reader asks for it", async () => {
    await authorize();
    await page.locator("#keep").check();
    await open();
    await page.locator(".auth-wrapper .authorize.locked").waitFor();
    assert.equal((await tryMe()).status, 200);
    await page.locator("#keep").uncheck();
    await open();
    assert.ok(!(await isAuthorized()));
  });

  test("a link cannot make the page show another document", async () => {
    await page.goto(`${url}/docs?url=${encodeURIComponent(`${url}/other.json`)}`);
    await page.locator("#operations-users-me").waitFor();
  });
});

describe("a page of another origin", () => {
  // The origin that the service of LATCHKEY_ALLOWING_URL allows.
  const { LATCHKEY_ALLOWED_ORIGIN: origin = "http://127.0.0.1:3955", LATCHKEY_ALLOWING_URL: allowing, LATCHKEY_ALLOWING_DATA: data } = process.env;
  const skip = !allowing && "LATCHKEY_ALLOWING_URL names no service that allows an origin";
  const script = recipe("A browser's page").replace("http://127.0.0.1:3000", allowing);
  const foreign = http.createServer((request, response) => {
    const isScript = request.url === "/session.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? script : "<!doctype html><title>elsewhere</title>");
  });
  before(() => new Promise((listening) => foreign.listen(new URL(origin).port, "127.0.0.1", listening)));
  after(() => foreign.close());
  beforeEach(() => page.goto(origin));

  // Each route by itself: where the log-in is refused, a script would never reach the second call. The token is made here, so the
  // browser alone stands between the page and the response.
  async function bothRoutes(at) {
    const user = await freshUser(at);
    const call = (path, options) =>
      page.evaluate(
        ([address, options]) => fetch(address, options).then(({ status }) => status, (error) => error.name),
        [at + path, options],
      );
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const token = await call("/token", { method: "POST", headers, body: new URLSearchParams(user).toString() });
    const me = await call("/users/me", { headers: { authorization: `Bearer ${await logIn(user, at)}` } });
    return [token, me];
  }

  test("reads neither the token nor the user if its origin is not allowed", async () => {
    assert.deepEqual(await bothRoutes(url), ["TypeError", "TypeError"]);
  });

  test("reads the token and the user, each by itself, if its origin is allowed", { skip }, async () => {
    assert.deepEqual(await bothRoutes(allowing), [200, 200]);
  });

  test("calls the API by a script and reads the challenge if its origin is allowed", { skip }, async () => {
    const user = await freshUser(allowing);
    const seen = await page.evaluate(
      async ([at, user]) => {
        const token = await (await fetch(`${at}/token`, { method: "POST", body: new URLSearchParams(user) })).json();
        const me = await fetch(`${at}/users/me`, { headers: { authorization: `Bearer ${token.access_token}` } });
        const rejected = await fetch(`${at}/users/me`, { headers: { authorization: "Bearer x" } });
        return { username: (await me.json()).username, challenge: rejected.headers.get("www-authenticate") };
      },
      [allowing, user],
    );
    assert.equal(seen.username, user.username);
    assert.match(seen.challenge, /invalid_token/);
  });

  describe("with session.js of docs/use-it-from.md", { skip }, () => {
    let user, asked;

    beforeEach(async () => {
      user = await freshUser(allowing);
      page.on("request", (request) => request.method() === "POST" && asked.push(new URL(request.url()).pathname));
      await logInAgain();
    });

    // Calls functions of the script; `asked` then has the paths that they sent a POST to.
    function script(called) {
      asked = [];
      return page.evaluate(`import("/session.js").then(${called})`);
    }
    const logInAgain = () => script(`({ logIn }) => logIn(${JSON.stringify(user.username)}, ${JSON.stringify(user.password)})`);
    const readTen = () => script(`({ call }) => Promise.all(Array.from({ length: 10 }, async () => (await call("/users/me")).json()))`);
    const deleted = () => script(`async ({ call }) => {
      const response = await call("/users/me", { method: "DELETE" });
      return [response.status, response.status === 204 ? null : (await response.json()).error];
    }`);
    const names = (read) => new Set(read.map(({ username }) => username));

    test("ten calls at once refresh once, after a reload and when the token is rejected", async () => {
      await page.reload();
      assert.deepEqual(names(await readTen()), new Set([user.username]));
      assert.deepEqual(asked, ["/token"], "after a reload");
      let damaged = 10;
      await page.route("**/users/me", (route) => {
        const headers = route.request().headers();
        return route.continue(headers.authorization && damaged-- > 0 ? { headers: { ...headers, authorization: "Bearer expired" } } : {});
      });
      assert.deepEqual(names(await readTen()), new Set([user.username]));
      assert.deepEqual(asked, ["/token"], "when it is rejected");
    });

    test("a call that needs a recent log-in does not refresh", async () => {
      // The access token that a session of an hour would have, signed by the service's own key.
      const { pem } = JSON.parse(readFileSync(join(data, "signing-keys.json"))).keys[0];
      const key = await jose.importPKCS8(pem, "RS256");
      await page.route("**/users/me", async (route) => {
        const headers = await route.request().allHeaders();
        const [, token] = /^Bearer (.+)$/.exec(headers.authorization ?? "") ?? [];
        if (!token) return route.continue();
        const claims = jose.decodeJwt(token);
        const old = new jose.SignJWT({ ...claims, auth_time: claims.iat - 3600 }).setProtectedHeader(jose.decodeProtectedHeader(token));
        return route.continue({ headers: { ...headers, authorization: `Bearer ${await old.sign(key)}` } });
      });
      assert.deepEqual(await deleted(), [401, "insufficient_user_authentication"]);
      assert.deepEqual(asked, []);
      await page.unroute("**/users/me");
      await logInAgain();
      assert.deepEqual(asked, ["/token", "/revoke"], "the session before has ended");
      assert.deepEqual(await deleted(), [204, null]);
      const failed = await script(`({ call }) => call("/users/me").catch(({ error }) => error)`);
      assert.equal(failed, "invalid_grant");
      assert.equal(await page.evaluate(() => localStorage.length), 0);
    });

    test("after logOut, nobody is logged in", async () => {
      await script(`({ logOut }) => logOut()`);
      assert.deepEqual(asked, ["/revoke"]);
      assert.equal(await script(`({ call }) => call("/users/me").catch(({ error }) => error)`), "invalid_grant");
    });
  });
});

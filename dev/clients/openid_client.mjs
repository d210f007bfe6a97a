// openid-client v6 (T-23): the password grant is a generic grant request.
import * as client from "openid-client";

import { PASSWORD, URL_, freshUser, must, run } from "./checks.mjs";

function configuration(authentication) {
  const server = { issuer: URL_, token_endpoint: `${URL_}/token` };
  const made = new client.Configuration(server, "cli", undefined, authentication);
  // Plain http, on loopback alone.
  client.allowInsecureRequests(made);
  return made;
}

const grant = (username, password) => ({ username, password });

async function caught(promise) {
  try {
    await promise;
  } catch (error) {
    console.log(`     ${error.constructor.name} ${error.code}: ${error.message}`);
    return error;
  }
  throw new Error("nothing was thrown");
}

const ok = await run({
  "it logs in and reads the user; 200 and no other status would do (T-18)": async () => {
    const username = await freshUser();
    const made = configuration(client.None());
    const tokens = await client.genericGrantRequest(made, "password", grant(username, PASSWORD));
    must(tokens.token_type === "bearer" && tokens.expires_in === 1800, JSON.stringify(tokens));
    const me = await client.fetchProtectedResource(made, tokens.access_token, new URL(`${URL_}/users/me`), "GET");
    must((await me.json()).username === username, "the user is another");
  },
  "it logs in with Basic": async () => {
    const username = await freshUser();
    const made = configuration(client.ClientSecretBasic("secret"));
    must((await client.genericGrantRequest(made, "password", grant(username, PASSWORD))).access_token, "no token");
  },
  "it finds the service by the issuer's URL alone, under either name": async () => {
    const username = await freshUser();
    for (const algorithm of ["oidc", "oauth2"]) {
      const found = await client.discovery(new URL(URL_), "cli", undefined, client.None(), {
        algorithm,
        execute: [client.allowInsecureRequests],
      });
      must((await client.genericGrantRequest(found, "password", grant(username, PASSWORD))).access_token, "no token");
    }
  },
  "a wrong password is its error for a challenge, with status 401 (T-17)": async () => {
    const username = await freshUser();
    const error = await caught(client.genericGrantRequest(configuration(client.None()), "password", grant(username, "wrong")));
    // It reads a challenge before the body, so `invalid_grant` is in the response that it hands on and not in the error.
    must(error instanceof client.WWWAuthenticateChallengeError, error.constructor.name);
    must(error.status === 401 && error.cause[0].scheme === "bearer", "another challenge");
    must((await error.response.json()).error === "invalid_grant", "another body");
  },
  "a scope that cannot be granted is its error for a body, since a 400 has no challenge (T-17)": async () => {
    const username = await freshUser();
    const asked = client.genericGrantRequest(configuration(client.None()), "password", {
      ...grant(username, PASSWORD),
      scope: "read",
    });
    const error = await caught(asked);
    must(error instanceof client.ResponseBodyError && error.error === "invalid_scope", error.constructor.name);
  },
});
process.exit(ok ? 0 : 1);

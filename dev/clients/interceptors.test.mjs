// The interceptors of axios and fetch that most apps have: each call whose access token is rejected refreshes by itself and tries again.
import assert from "node:assert/strict";
import { test } from "node:test";
import axios from "axios";

import { freshUser, rotatingUrl as url, tokensOf, until } from "./users.mjs";

const grant = (tokens) => new URLSearchParams({ grant_type: "refresh_token", refresh_token: tokens.refresh_token });

function axiosClient(tokens) {
  const api = axios.create({ baseURL: url });
  api.interceptors.request.use((config) => {
    config.headers.Authorization = `Bearer ${tokens.access_token}`;
    return config;
  });
  api.interceptors.response.use(undefined, async (error) => {
    if (error.response?.status !== 401 || error.config.again) throw error;
    error.config.again = true;
    Object.assign(tokens, (await axios.post(`${url}/token`, grant(tokens))).data);
    return api(error.config);
  });
  return async (path) => (await api.get(path)).data;
}

function fetchClient(tokens) {
  const send = (path) => fetch(url + path, { headers: { authorization: `Bearer ${tokens.access_token}` } });
  return async (path) => {
    let response = await send(path);
    if (response.status === 401) {
      const refreshed = await fetch(`${url}/token`, { method: "POST", body: grant(tokens) });
      assert.equal(refreshed.status, 200, await refreshed.clone().text());
      Object.assign(tokens, await refreshed.json());
      response = await send(path);
    }
    assert.equal(response.status, 200, await response.clone().text());
    return response.json();
  };
}

for (const [name, client] of [
  ["axios", axiosClient],
  ["fetch", fetchClient],
]) {
  test(`${name}: ten calls that refresh by themselves at once stay in one session`, async () => {
    const user = await freshUser(url);
    const { refresh_token: first } = await tokensOf(user, url);
    let newest = first;
    // Until the refresh token was old enough to be replaced: then up to nine of the ten present a spent one.
    await until(async () => {
      // A damaged access token stands for an expired one: both get the same 401.
      const copies = Array.from({ length: 10 }, () => ({ access_token: "expired", refresh_token: first }));
      const read = await Promise.all(copies.map((tokens) => client(tokens)("/users/me")));
      assert.deepEqual(new Set(read.map(({ username }) => username)), new Set([user.username]));
      // Those that came before it was old enough have it still, and may use it for as long again.
      const successors = new Set(copies.map((tokens) => tokens.refresh_token));
      successors.delete(first);
      assert.ok(successors.size <= 1, "more than one successor");
      [newest = first] = successors;
      return newest !== first;
    });
    const sessions = await client({ access_token: "expired", refresh_token: newest })("/sessions");
    assert.deepEqual(sessions.map(({ current }) => current), [true]);
  });
}

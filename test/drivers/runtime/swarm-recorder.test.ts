// The recorder plays an empty swarm; requests as docker clients 20.10 and 28 make them.
import { expect, test } from "vitest";
import { recorder } from "../../../src/drivers/runtime/swarm/recorder.ts";

const ask = (method: string, path: string, { query = "", body = "" } = {}) => ({ method, path, query, body });

test("what the client creates is written down by kind, and nothing else", () => {
  const record = recorder();
  const web = { Name: "shop_web", TaskTemplate: { ContainerSpec: { Image: "shop:v1" } } };
  record.answer(ask("HEAD", "/_ping"));
  record.answer(ask("GET", "/v1.41/info"));
  const made = record.answer(ask("POST", "/v1.41/services/create", { body: JSON.stringify(web) }));
  record.answer(ask("POST", "/v1.41/networks/create", { body: '{"Name":"shop_inside","Driver":"overlay"}' }));
  expect(JSON.parse(made.body)).toMatchObject({ ID: "shop_web" });
  expect(record.recorded()).toEqual({
    ok: true,
    value: {
      api: "1.41",
      services: [web],
      networks: [{ Name: "shop_inside", Driver: "overlay" }],
      secrets: [],
      configs: [],
    },
  });
});

test("a secret asked for by its own name is to be created, one looked up by names counts as there", () => {
  const record = recorder();
  expect(record.answer(ask("GET", "/v1.41/secrets/shop_token")).status).toBe(404);
  const query = `filters=${encodeURIComponent('{"name":{"shop_token":true}}')}`;
  const found = record.answer(ask("GET", "/v1.41/secrets", { query }));
  expect(JSON.parse(found.body)).toEqual([{ ID: "shop_token", Spec: { Name: "shop_token" } }]);
  expect(record.recorded().ok).toBe(true);
});

test("an external network is one of a swarm", () => {
  const answer = recorder().answer(ask("GET", "/v1.41/networks/edge"));
  expect(JSON.parse(answer.body)).toMatchObject({ Name: "edge", Scope: "swarm" });
});

test("what it can't play is told, not guessed", () => {
  const record = recorder();
  expect(record.answer(ask("POST", "/v1.41/plugins/pull")).status).toBe(404);
  expect(record.recorded()).toMatchObject({
    ok: false,
    error: { what: expect.stringContaining("/plugins/pull") },
  });
});

// What a service of a stack becomes in a release: health, grace, copies, notes, and what is refused.
import { expect, test } from "vitest";
import { parseStack, type StackModel } from "../../../src/drivers/docker/stack-model.ts";
import type { ComposeServiceConfig } from "../../../src/drivers/runtime/compose/config.ts";
import { describe, releaseServices } from "../../../src/drivers/runtime/compose/describe.ts";
import { failure, value } from "./compose-bed.ts";

function stack(services: Record<string, unknown>): StackModel {
  const model = parseStack(JSON.stringify({ name: "shop", services }));
  if (model === null) throw new Error("no model");
  return model;
}

const nothing: ComposeServiceConfig = { class: null, port: null, health: null, double: false };
const app = { image: "shop/api:1", expose: ["3000"] };
const one = (service: object, choice: Partial<ComposeServiceConfig> = {}) =>
  describe(stack({ api: { ...app, ...service } }), { api: { ...nothing, ...choice } }, "api", null);

test("with its own healthcheck it may take as long as that may take to say unhealthy", () => {
  const healthcheck = {
    test: ["CMD", "true"],
    interval: "30s",
    timeout: "5s",
    retries: 3,
    start_period: "1m0s",
  };
  expect(value(one({ healthcheck })).health).toEqual({ path: null, timeoutMs: 185_000, intervalMs: 250 });
  expect(
    value(one({ healthcheck: { ...healthcheck, interval: "1s", start_period: null } })).health.timeoutMs,
  ).toBe(30_000);
});

test("a configured path goes before its own healthcheck; with neither, a note says how little is known", () => {
  const health = { path: "/health", timeoutMs: 5_000, intervalMs: 100 };
  expect(value(one({ healthcheck: { test: ["CMD", "true"] } }, { health })).health).toEqual(health);
  expect(value(one({})).notes).toEqual([expect.stringContaining("no healthcheck and no health path")]);
  expect(value(one({ healthcheck: { test: ["NONE"] } })).notes).toHaveLength(1);
  expect(value(one({ healthcheck: { test: ["CMD", "true"] } })).notes).toEqual([]);
});

test("grace, copies and port come from the compose file; the config's port goes first", () => {
  const described = value(one({ stop_grace_period: "1m30s", deploy: { replicas: 3 } }, { port: 8080 }));
  expect(described).toMatchObject({ stopGraceMs: 90_000, copies: 3, port: 8080, routed: true });
});

test("notes name what a rollback does not bring back, what two releases share, and names that move", () => {
  const notes = value(
    one({
      image: "registry.example/shop/api",
      healthcheck: { test: ["CMD", "true"] },
      volumes: [
        { type: "bind", source: "/srv/shop/src", target: "/app", read_only: true },
        { type: "volume", source: "uploads", target: "/uploads" },
        { type: "volume", source: "assets", target: "/assets", read_only: true },
      ],
      networks: { back: { ipv4_address: "172.28.0.9" } },
    }),
  ).notes;
  expect(notes).toEqual([
    expect.stringContaining("a name that moves"),
    expect.stringContaining("/srv/shop/src at /app"),
    expect.stringContaining("the volume uploads"),
    expect.stringContaining("a fixed address in back"),
  ]);
});

test.each([
  [{ network_mode: "host" }, "the host's network"],
  [{ network_mode: "service:vpn" }, "inside another service's container"],
  [{ volumes_from: ["other"] }, "inside another service's container"],
])("what cannot run beside itself is refused: %j", (service, words) => {
  expect(failure(one(service)).what).toContain(words);
});

test("an app whose port nothing says is told to say it; a worker needs none, and may use the host's network", () => {
  const quiet = { image: "shop/api:1", expose: null };
  expect(failure(one(quiet, { class: "app" })).next).toContain("stack.services.api.port");
  expect(value(one({ ...quiet, network_mode: "host" }, { class: "worker" }))).toMatchObject({
    routed: false,
    port: null,
  });
});

test("a release has apps and workers only, and what others need comes first", () => {
  const model = stack({
    admin: { ...app, depends_on: { web: {} } },
    web: { ...app, depends_on: { api: {}, db: {} } },
    api: { ...app, depends_on: { db: {} } },
    db: { image: "postgres:15" },
    jobs: { image: "shop/api:1" },
  });
  expect(value(releaseServices(model, {}))).toEqual(["api", "web", "admin", "jobs"]);
  expect(failure(releaseServices(stack({ db: { image: "postgres" } }), {})).next).toContain("class: app");
});

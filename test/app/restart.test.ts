// Restarting parts: what asks first, what changes hands safely, what is written down.
import { expect, test } from "vitest";
import type { App } from "../../src/app/app.ts";
import { deploy } from "../../src/app/deploy.ts";
import { restart } from "../../src/app/restart.ts";
import type { Part } from "../../src/core/parts/part.ts";
import { ok, problem, type Result } from "../../src/core/result.ts";
import { envState } from "../../src/core/state.ts";
import { exitCodes } from "../../src/core/view/outcome.ts";
import type { Parts } from "../../src/ports/parts.ts";
import { routeOf } from "../../src/testing/sim/target.ts";
import { fakeApp } from "./fake-app.ts";

const by = "test";
const env = "production";

function part(name: string, kind: Part["kind"]): Part {
  return { name, kind, by: "docker", what: `${name}:1, running`, running: true };
}

/** An app where v1 serves; `restarted`: what was restarted as it stands. */
async function bed(extra: readonly Part[] = [], answer: Result<void> = ok(undefined)) {
  const fake = fakeApp();
  const restarted: string[] = [];
  const wish = { env, version: "v1", planOnly: false, approved: true, wait: false, lift: null, by } as const;
  await fake.settle(deploy(fake.app, wish));
  const serving = envState(fake.app.deps.ledger.state(), env).serving ?? "";
  const release = envState(fake.app.deps.ledger.state(), env).releases[serving]?.release;
  const [service = ""] = Object.keys(release?.services ?? {});
  const parts: Parts = {
    list: async () => ok([part(service, "app"), ...extra]),
    logs: async () => ok({ lines: [], next: "" }),
    async restart(_, name) {
      restarted.push(name);
      return answer;
    },
  };
  const app: App = { ...fake.app, care: () => ({ parts, glass: null }) };
  const say = (name: string, approved = false) =>
    fake.settle(restart(app, { env, part: name, approved, by }));
  return { fake, app, say, restarted, service };
}

test("a service that serves is renewed: a fresh instance takes over before the old one is stopped", async () => {
  const { fake, say, restarted, service } = await bed();
  const before = routeOf(fake.target, service)?.backend?.instance;
  const outcome = await say(service);
  expect(exitCodes[outcome.outcome], outcome.what).toBe(0);
  const after = routeOf(fake.target, service)?.backend?.instance;
  expect(after).toBeDefined();
  expect(after).not.toBe(before);
  const [site] = fake.app.sites.values();
  const instances = await fake.settle(
    site?.world.runtime.instances(service) ?? Promise.reject(new Error("none")),
  );
  const live = instances.ok
    ? instances.value.filter((one) => one.state === "running").map((one) => one.id)
    : [];
  expect(live).toEqual([after]);
  expect(restarted).toEqual([]);
});

test.each(["stateful", "edge", "front"] as const)(
  "a part that is %s asks first, and is restarted after a yes",
  async (kind) => {
    const { say, restarted } = await bed([part("cache", kind)]);
    const asked = await say("cache");
    expect(exitCodes[asked.outcome]).toBe(4);
    expect(asked.data["asks"]).toBe(true);
    expect(restarted).toEqual([]);
    const done = await say("cache", true);
    expect(exitCodes[done.outcome]).toBe(0);
    expect(restarted).toEqual(["cache"]);
  },
);

test("begin and end are written down, also when it fails", async () => {
  const { fake, say } = await bed([part("unit", "unit")], problem("failed", "it would not", "look"));
  const outcome = await say("unit");
  expect(exitCodes[outcome.outcome]).toBe(1);
  expect(outcome.means).toMatch(/may be down/);
  const facts = fake.store.events.filter((event) => event.type.startsWith("part."));
  expect(facts.map((event) => event.type)).toEqual(["part.restart-begun", "part.restarted"]);
  expect(facts[1]?.data).toMatchObject({ part: "unit", problem: { what: "it would not" } });
});

test("an unknown part is a usage error that names those there are", async () => {
  const { say, service } = await bed([part("cache", "stateful")]);
  const outcome = await say("nothing", true);
  expect(exitCodes[outcome.outcome]).toBe(2);
  expect(outcome.next).toBe(`There are: ${service}, cache.`);
});

import { expect, test } from "vitest";
import type { Json } from "../../../src/core/json.ts";
import { probeSignals } from "../../../src/drivers/signals/probe.ts";
import { httpClient } from "../../../src/os/http-client.ts";
import type { Batch } from "../../../src/ports/signals.ts";
import { backend, until, value } from "../../proxy/bed.ts";

/** A clock that stands until it is moved. */
function standingClock(boot = "boot-1") {
  const clock = { at: 1_000, boot };
  return {
    clock,
    now: () => 1_700_000_000_000 + clock.at,
    elapsed: () => clock.at,
    bootId: () => clock.boot,
    sleep: async () => undefined,
  };
}

const config = { release: "v1", path: "/health", intervalMs: 100, timeoutMs: 2_000 };
type Probe = ReturnType<typeof probeSignals>;

/** Observes until there is something to see. */
async function next(probe: Probe, from: Json) {
  let position = from;
  for (;;) {
    const batch = value(await probe.observe(position));
    position = batch.next;
    if (batch.observations.length > 0) return { ...batch, next: position };
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("a probe is one request an interval, seen as an observation of the client probe", async () => {
  const app = await backend("v1");
  const time = standingClock();
  const probe = probeSignals({ ...config, url: async () => app.url }, { http: httpClient(), clock: time });
  const first = await next(probe, value(await probe.position()));
  expect(first.observations).toEqual([
    { at: time.now(), release: "v1", ok: true, client: "probe", route: "/health", status: 200, ms: 0 },
  ]);
  expect([first.unparsed, first.blind]).toEqual([0, null]);
  for (let i = 0; i < 5; i += 1) expect(value(await probe.observe(first.next)).observations).toEqual([]);
  expect(app.seen).toEqual(["/health"]);
  time.clock.at += 1_000;
  const second = await next(probe, first.next);
  expect(app.seen).toHaveLength(2);
  expect(second.next).toEqual({ boot: "boot-1", dueMs: 2_100 });
  await app.close();
});

test("an error status, a refused connection and no instance at all are failed probes", async () => {
  const app = await backend("v1", (_request, response) => response.writeHead(500).end());
  const urls = [app.url, "http://127.0.0.1:1", null];
  const seen: [boolean, number][] = [];
  for (const url of urls) {
    const probe = probeSignals(
      { ...config, url: async () => url },
      { http: httpClient(), clock: standingClock() },
    );
    const [observation] = (await next(probe, null)).observations;
    if (observation) seen.push([observation.ok, observation.status]);
  }
  expect(seen).toEqual([
    [false, 500],
    [false, 0],
    [false, 0],
  ]);
  await app.close();
});

test("an app that hangs does not make the observer wait, and is not asked twice at once", async () => {
  const app = await backend("v1", () => undefined);
  const time = standingClock();
  const probe = probeSignals(
    { ...config, timeoutMs: 200, url: async () => app.url },
    { http: httpClient(), clock: time },
  );
  let position: Json = null;
  for (let i = 0; i < 5; i += 1) {
    const batch: Batch = value(await probe.observe(position));
    expect(batch.observations).toEqual([]);
    position = batch.next;
    time.clock.at += 1_000;
  }
  await until(() => app.seen.length === 1);
  expect((await next(probe, position)).observations[0]).toMatchObject({ ok: false, status: 0 });
  await app.close();
});

test("the position of another boot means that a probe is due", async () => {
  const app = await backend("v1");
  const probe = probeSignals(
    { ...config, url: async () => app.url },
    { http: httpClient(), clock: standingClock("boot-2") },
  );
  const seen = await next(probe, { boot: "boot-1", dueMs: 1e15 });
  expect(seen.observations).toHaveLength(1);
  expect(seen.next).toMatchObject({ boot: "boot-2" });
  await app.close();
});

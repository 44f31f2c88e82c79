// Which source feeds which stream of a watch, and what becomes of it.
import { expect, test } from "vitest";
import type { Observation } from "../../src/core/detect/finding.ts";
import type { WatchState } from "../../src/core/env-state.ts";
import { ok } from "../../src/core/result.ts";
import { failingSince } from "../../src/engine/dependencies.ts";
import { observeWatch, type Watched } from "../../src/engine/observe.ts";
import type { Batch, Signals } from "../../src/ports/signals.ts";
import { simClock } from "../../src/testing/sim/sim-clock.ts";

type Sent = Partial<Pick<Batch, "observations" | "events" | "blind">>;

/** Says all of it at the first look, then nothing more. */
function source(about: Signals["about"], sent: Sent): Signals {
  return {
    name: about,
    about,
    position: async () => ok(null),
    async observe(from) {
      const { observations = [], events = [], blind = null } = from === null ? sent : {};
      return ok({ observations, events, next: "done", unparsed: 0, blind: sent.blind ?? blind });
    },
  };
}

const clockOf = () => simClock(() => "boot-1");

async function watched(
  sources: readonly Signals[],
  change: Partial<WatchState> = {},
  enough = ({ elapsedMs }: Watched) => elapsedMs >= 8_000,
): Promise<Watched> {
  const clock = clockOf();
  const watch = { ...watchOf(clock), ...change };
  return clock.settle(observeWatch(clock, watch, sources, { signal: new AbortController().signal, enough }));
}

function watchOf(clock: { now(): number }): WatchState {
  return {
    watch: "watch-1",
    env: "production",
    release: "new",
    previous: "old",
    after: "deploy",
    forMs: 60_000,
    from: {},
    threshold: 0.01,
    startedAt: clock.now(),
    finding: null,
  };
}

function seen(change: Partial<Observation>, n = 1): readonly Observation[] {
  const at = clockOf().now() + 100;
  return Array.from({ length: n }, (_, i) => {
    return { at, release: "new", ok: true, client: `c-${i}`, route: "/", status: 200, ms: 5, ...change };
  });
}

function of({ findings }: Watched, stream: string) {
  return findings.find((finding) => finding.stream === stream);
}

test("requests of the release before go to the comparison alone", async () => {
  const observations = [
    ...seen({ release: "old" }, 50),
    ...seen({}, 50),
    ...seen({ release: "old", ok: false }, 9),
  ];
  const result = await watched([source("requests", { observations })]);
  expect(of(result, "errors")).toMatchObject({ requests: 50, errors: 0 });
  expect(of(result, "control")).toMatchObject({ requests: 9, errors: 0 });
});

test("a watch of a way back compares with nothing, and a stranger's requests count nowhere", async () => {
  const observations = [...seen({ release: "old" }, 50), ...seen({ release: "stranger", ok: false }, 50)];
  const result = await watched([source("requests", { observations })], { after: "rollback" });
  expect(result.findings.map(({ stream }) => stream)).toEqual(["errors"]);
  expect(of(result, "errors")).toMatchObject({ requests: 0 });
});

test("deaths of the release's own processes are restarts; those of others, and before the deploy, are not", async () => {
  const at = clockOf().now() + 1_000;
  const death = { at, kind: "oom", subject: "api", what: "api died" } as const;
  const events = [
    { ...death, release: "new", weight: 3 },
    { ...death, release: "old" },
    { ...death, at: at - 60_000, release: "new" },
    { ...death, kind: "exit", release: "new" } as const,
  ];
  const result = await watched([source("requests", {}), source("state", { events })]);
  expect(of(result, "restarts")).toMatchObject({ outcome: "bad", requests: 3 });
  expect(of(result, "restarts")?.why).toMatch(/for want of memory/);
});

test("what a payment provider tells counts as payments, beside the attempts in the log", async () => {
  const expects = { latency: null, payments: { routes: ["/pay"], threshold: 0.05 }, events: [] };
  const told = seen({ release: "", ok: false, route: "payment" }, 6);
  const logged = seen({ route: "/pay", status: 402 }, 6).map((one, i) => ({ ...one, client: `d-${i}` }));
  const sources = [source("requests", { observations: logged }), source("events", { observations: told })];
  const result = await watched(sources, { expects });
  expect(of(result, "payments")).toMatchObject({ outcome: "bad", requests: 12, errors: 12 });
  expect(of(result, "errors")).toMatchObject({ errors: 0 });
});

test("while the log is silent no event is due", async () => {
  const events = [{ name: "order", routes: ["/orders"], due: [{ fromS: 0, perS: 100 }] }];
  const expects = { latency: null, payments: null, events };
  const deaf = await watched([source("requests", { blind: "the log is gone" })], { expects });
  expect(of(deaf, "silence:order")).toMatchObject({ outcome: "blind", requests: 0 });
  // A log in which nothing stood yet: how late its lines come nobody knows, and they are waited for.
  const young = await watched([source("requests", {})], { expects });
  expect(of(young, "silence:order")).toMatchObject({ outcome: "undecided", requests: 0 });
  const long = ({ elapsedMs }: Watched) => elapsedMs >= 45_000;
  const silent = await watched([source("requests", {})], { expects }, long);
  expect(of(silent, "silence:order")).toMatchObject({ outcome: "bad", breadth: "broad" });
});

test("how requests failed, and which dependency does not answer, is there for attribution", async () => {
  const failures = seen({ ok: false, status: 502, route: "/pay", upstream: "pay.example" }, 2);
  const at = clockOf().now();
  const probe = (name: string, ok: boolean, ms: number) =>
    seen({ release: "", route: name, ok, at: at + ms })[0] as Observation;
  const observations = [
    probe("stripe", true, 0),
    probe("stripe", false, 10),
    probe("stripe", false, 20),
    probe("mail", false, 5),
  ];
  const result = await watched([
    source("requests", { observations: failures }),
    source("dependency", { observations }),
  ]);
  expect(result.failing).toEqual({ requests: 2, by: { "gateway /pay pay.example": 2 } });
  expect(failingSince(result.dependencies)).toEqual([
    { name: "stripe", failingSince: at + 10, answered: at },
    { name: "mail", failingSince: null, answered: null },
  ]);
});

test("what a dependency does now is asked before a bad release is told of, and waited for", async () => {
  const at = clockOf().now() + 1_000;
  const redis = (ok: boolean) => seen({ release: "", route: "redis", ok, at: ok ? at - 5_000 : at });
  let hurried = 0;
  const down: Signals = {
    ...source("metrics", {}),
    hurry: () => {
      hurried += 1;
    },
    async observe(from) {
      // It answered at first; that it is gone is only heard where somebody asks.
      const observations = from === null ? redis(true) : hurried > 0 ? redis(false) : [];
      return ok({ observations, events: [], next: "on", unparsed: 0, blind: null });
    },
  };
  const failures = seen({ ok: false, status: 500, route: "/orders" }, 12);
  const sources = [down, source("requests", { observations: failures })];
  const told: Watched[] = [];
  await watched(sources, {}, (now) => told.push(now) > 0);
  expect(told[0]?.finding.outcome).toBe("bad");
  expect(failingSince(told[0]?.dependencies ?? new Map())).toMatchObject([
    { name: "redis", failingSince: at },
  ]);
});

test("full batches follow each other at once; only what is read to its end is left alone for a while", async () => {
  const batches = 50;
  const looks: number[] = [];
  const clock = clockOf();
  const behind: Signals = {
    ...source("requests", {}),
    async observe(from) {
      looks.push(clock.elapsed());
      const done = typeof from === "number" ? from : 0;
      const observations = done < batches ? seen({}, 10) : [];
      return ok({ observations, next: done + 1, unparsed: 0, blind: null, more: done + 1 < batches });
    },
  };
  const enough = () => looks.length === batches + 2;
  const result = await clock.settle(
    observeWatch(clock, watchOf(clock), [behind], { signal: new AbortController().signal, enough }),
  );
  expect(of(result, "errors")).toMatchObject({ requests: 10 * batches });
  expect(looks.slice(0, batches)).toEqual(Array(batches).fill(0));
  expect(looks.slice(batches).every((at, i) => at > (looks[batches + i - 1] ?? 0))).toBe(true);
});

// The memory of what is usual, in the simulated world: from requests to hours, from hours to what a watch expects.
import { expect, test } from "vitest";
import { deploy } from "../../src/app/deploy.ts";
import { status } from "../../src/app/status.ts";
import { countTraffic } from "../../src/app/traffic.ts";
import { envState } from "../../src/core/state.ts";
import { type FakeApp, fakeApp } from "./fake-app.ts";

const hourMs = 3_600_000;
const watch = {
  forMs: 60_000,
  checkMs: 1_000,
  tolerate: 0.01,
  waitForVerdict: true,
  payments: ["/pay"],
  events: [{ name: "visit", routes: ["/"] }],
};
const input = {
  env: "production",
  planOnly: false,
  approved: true,
  wait: true,
  by: "test",
  lift: null,
} as const;

async function serve(version: string, fake = fakeApp({ watch })): Promise<FakeApp> {
  await fake.settle(deploy(fake.app, { ...input, version }));
  return fake;
}

const env = (fake: FakeApp) => envState(fake.app.deps.ledger.state(), "production");

async function countFor(fake: FakeApp, hours: number): Promise<void> {
  const site = fake.app.sites.get("production");
  if (!site) throw new Error("no site");
  const counting = countTraffic(fake.app, site);
  await fake.settle(fake.clock.sleep(hours * hourMs));
  fake.close();
  await fake.settle(counting);
}

test("each hour is written down once, with what was counted; the last one at the end", {
  timeout: 60_000,
}, async () => {
  const fake = await serve("v1");
  await countFor(fake, 2.5);
  const { hours } = env(fake);
  expect(hours.map(({ hour }) => hour - (hours[0]?.hour ?? 0))).toEqual([0, 1, 2]);
  const whole = hours[1];
  expect(whole?.seconds).toBeGreaterThan(3_590);
  expect(whole?.requests).toBeGreaterThan(100 * 3_590);
  expect(whole?.events).toEqual({ visit: whole?.requests });
  expect(whole?.latency?.p50).toBeGreaterThanOrEqual(5);
  expect(whole?.latency?.p95).toBeLessThan(5.2);
});

test("an hour in which the log was silent is no example", { timeout: 60_000 }, async () => {
  const fake = await serve("v1");
  fake.behaviours.set("v1", { failing: 0, blind: true });
  await countFor(fake, 1.5);
  expect(env(fake).hours).toEqual([]);
});

test("the next watch knows what was usual, and all of its streams are shown while it is under way", {
  timeout: 60_000,
}, async () => {
  const fake = await serve("v1");
  const hour = {
    hour: Math.floor(fake.clock.now() / hourMs) - 24,
    seconds: 3_600,
    requests: 360_000,
    errors: 0,
  };
  const more = { latency: { p50: 5, p90: 5, p95: 5 }, payments: { requests: 0, errors: 0 }, failing: {} };
  for (const ago of [0, 1]) {
    const data = { env: "production", ...hour, hour: hour.hour - ago, ...more, events: { visit: 360_000 } };
    fake.app.deps.ledger.record([{ type: "traffic.counted", data }]);
  }
  const peek = fake.clock.sleep(20_000).then(async () => {
    const shown = await status(fake.app, { env: "production" });
    return { shown, watch: env(fake).watch };
  });
  const deploying = deploy(fake.app, { ...input, version: "v2" });
  const [outcome, { shown, watch: opened }] = await fake.settle(Promise.all([deploying, peek]));
  expect(outcome.outcome).toBe("done");
  expect(opened?.expects).toMatchObject({
    latency: { p50: 5 },
    payments: { routes: ["/pay"], threshold: 0.25 },
    events: [{ name: "visit", routes: ["/"] }],
  });
  expect(opened?.clean).toBe(true);
  const [one] = shown.data["environments"] as { watch: { streams: { stream: string }[] } }[];
  expect(one?.watch.streams.map(({ stream }) => stream)).toEqual([
    "errors",
    "probe",
    "control",
    "payments",
    "latency",
    "silence:visit",
  ]);
});

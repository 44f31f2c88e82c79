// What sources tell beside requests is decided on once, in a watch or out of one; and data that is not right any more.
import { expect, test } from "vitest";
import { deploy } from "../../src/app/deploy.ts";
import { listen } from "../../src/app/listen.ts";
import { status } from "../../src/app/status.ts";
import { reportOf } from "../../src/core/decide/told.ts";
import type { NewEvent } from "../../src/core/event.ts";
import { ok } from "../../src/core/result.ts";
import type { SignalEvent } from "../../src/core/signals/event.ts";
import { type Kept, openInbox } from "../../src/drivers/signals/inbox/inbox.ts";
import type { Signals } from "../../src/ports/signals.ts";
import { type FakeApp, fakeApp } from "./fake-app.ts";

const common = {
  env: "production",
  planOnly: false,
  approved: true,
  wait: true,
  by: "test",
  lift: null,
} as const;
const slow: SignalEvent = {
  at: 1,
  kind: "limit",
  subject: "postgres slow queries",
  what: "postgres slow queries: 9, more than 4",
};

/** Two releases are out, and a source tells of these, one at a look. */
async function hearing(events: readonly SignalEvent[], blind: string | null = null): Promise<FakeApp> {
  const fake = fakeApp();
  for (const version of ["v1", "v2"]) await fake.settle(deploy(fake.app, { ...common, version }));
  const site = fake.app.sites.get("production");
  if (!site) throw new Error("no site");
  const told: Signals = {
    name: "metrics:postgres",
    about: "metrics",
    position: async () => ok(0),
    observe: async (from) => {
      const event = events[Number(from)];
      return ok({
        observations: [],
        events: event ? [event] : [],
        next: Number(from) + 1,
        unparsed: 0,
        blind,
      });
    },
  };
  const listening = listen(fake.app, { ...site, signals: (release) => [...site.signals(release), told] });
  await fake.settle(fake.clock.sleep(30_000));
  const outcome = await fake.settle(status(fake.app, { env: null }));
  expect(outcome.data["environments"]).toMatchObject([{ sources: [{ source: "metrics:postgres", blind }] }]);
  fake.close();
  await fake.settle(listening);
  return fake;
}

const decided = (fake: FakeApp) =>
  fake.store.events.flatMap((event) =>
    event.type === "decision.made" ? [event.data as { decision: string; rule: string }] : [],
  );

test("slow queries are looked into, outside of a watch too; that they go on is not told again", async () => {
  const fake = await hearing([slow, slow, { ...slow, over: true }, slow]);
  expect(decided(fake)).toMatchObject([{ decision: "investigate", rule: "slow" }]);
  expect(fake.types().filter((type) => type === "investigation.opened")).toHaveLength(1);
  expect(fake.serving()).toBe("v2");
});

test("a person's word that comes in by a webhook is acted on as if it were said here, as often as it is said", async () => {
  const word: SignalEvent = {
    at: 1,
    kind: "report",
    subject: "slack C1",
    what: "ann: security somebody got in",
  };
  const fake = await hearing([word]);
  expect(decided(fake)).toMatchObject([{ decision: "roll-back", rule: "security" }]);
  expect(fake.serving()).toBe("v1");
  expect(fake.types()).toContain("deploys.frozen");
});

test("what was in the journal and not decided on when a controller ended is decided on once by the next ones", async () => {
  const fake = fakeApp();
  for (const version of ["v1", "v2"]) await fake.settle(deploy(fake.app, { ...common, version }));
  const { ledger } = fake.app.deps;
  const received = (delivery: string): NewEvent => {
    const event = { at: 1, kind: "report" as const, subject: "other", what: `${delivery} is gone` };
    const data = { env: "production", via: "generic", delivery, events: [event], trials: [], more: 0 };
    return { type: "signal.received", data };
  };
  ledger.record([received("an old one")]);
  const upTo = ledger.journal.head();
  ledger.record([{ type: "signals.heard", data: { env: "production", upTo } }]);
  ledger.record([received("the logo"), received("the map")]);
  for (let controllers = 1; controllers <= 3; controllers++) {
    const stopping = new AbortController();
    const app = { ...fake.app, stopping: stopping.signal };
    const inbox = openInbox({
      clock: fake.clock,
      past: () =>
        fake.store.events.flatMap((event) =>
          event.type === "signal.received" ? [{ seq: event.seq, at: event.at, received: event.data }] : [],
        ) as Kept[],
      record: () => [],
    });
    const site = fake.app.sites.get("production");
    if (!site) throw new Error("no site");
    const listening = listen(app, { ...site, signals: () => [inbox.signals] });
    await fake.settle(fake.clock.sleep(5_000));
    stopping.abort();
    await fake.settle(listening);
    // The second one ended between the decision and its mark.
    if (controllers === 1) ledger.record([{ type: "signals.heard", data: { env: "production", upTo } }]);
  }
  fake.close();
  expect(decided(fake)).toMatchObject([
    { report: { what: "the logo is gone", heard: `${upTo + 2}.0` } },
    { report: { what: "the map is gone" } },
  ]);
});

test("why a source is silent is in the status", async () => {
  expect(decided(await hearing([], "nobody listens there"))).toEqual([]);
});

test("what a word is about: its subject, or its first word, or nobody knows", () => {
  const said = (subject: string, what: string) =>
    reportOf({ at: 1, kind: "report", subject, what }, "hooks", false);
  expect(said("security", "a stranger reads our orders")).toMatchObject({ kind: "security", by: "hooks" });
  expect(said("slack C1", "ann: Down since five minutes")).toMatchObject({ kind: "down", by: "ann (hooks)" });
  expect(said("slack C1", "ann: the logo is gone")).toMatchObject({ kind: "other" });
});

test("a dependency that is down is told of by itself, but while a release is watched it is the cause of what fails", () => {
  const down: SignalEvent = { at: 1, kind: "dependency", subject: "mail", what: "mail does not work" };
  expect(reportOf(down, "dependency:mail", false)).toMatchObject({ stream: "dependency" });
  expect(reportOf(down, "dependency:mail", true)).toBeNull();
  expect(reportOf({ ...down, kind: "restart" }, "containers", false)).toBeNull();
});

// A migration that no code works with goes out with a release, while people order: what must hold of the way back.
import { expect } from "vitest";
import type { Lost } from "../../../src/demo/load/tally.ts";
import { ofStack } from "../stacks/bed.ts";
import type { Decided, TriggerBed } from "./bed.ts";
import { until } from "./bed.ts";

export type Shape = {
  readonly perSecond: number;
  /** Services that change hands; everything else goes on as if nothing was. */
  readonly services: readonly string[];
  /** Stay until the watch behind the way back has ended, and did not find that people still fail. */
  readonly untilJudged?: boolean;
};

export type Round = {
  /** Orders that were confirmed in all, and while the bad release served. */
  readonly confirmed: number;
  readonly meanwhile: number;
  /** From the first hold to the last request that was let go, by the run's own account. */
  readonly heldMs: number;
  /** From the decision until the way back was proved. */
  readonly backMs: number;
};

/** Out with v18, back by itself: code and schema, in the right order, and every confirmed order is there. */
export async function badMigrationGoesBack(bed: TriggerBed, shape: Shape): Promise<Round> {
  const before = await others(bed, shape);
  const serves = await bed.answers();
  const load = bed.load(shape.perSecond, { websocket: false, slowEveryMs: 0 });
  const confirmedSoFar = () => load.counts().acknowledged;
  const moreOrders = (count: number, than = confirmedSoFar()) =>
    until(`${count} more orders`, async () => confirmedSoFar() >= than + count || null);
  try {
    await moreOrders(3);
    // A release that is watched still would be blamed for what the migration does before the switch.
    await until("no watch is open", async () => {
      const [started, ended] = [await bed.since(0, "watch.started"), await bed.since(0, "watch.ended")];
      return started.length === ended.length || null;
    });
    const mark = await bed.out("v18");
    const out = confirmedSoFar();
    const decision = await bed.decided(mark, ({ migrations }) => migrations !== undefined);
    const back = await bed.happens(mark, "run.planned", ({ plan }) => plan.kind === "rollback");
    const ended = await bed.happens(mark, "run.ended", ({ run }) => run === back.data.run);
    const meanwhile = confirmedSoFar() - out;
    expect(ended.data, JSON.stringify(ended.data.why)).toMatchObject({ outcome: "done" });
    const watch = await bed.happens(mark, "watch.started", ({ after }) => after === "rollback");
    if (shape.untilJudged) {
      const helped = await bed.happens(mark, "watch.ended", (one) => one.watch === watch.data.watch);
      // With few users its time may end before it is sure; what must not be is that people still fail.
      expect(helped.data.outcome, JSON.stringify(helped.data)).not.toBe("bad");
    }
    await moreOrders(5);
    const report = await load.stop();

    expect(await bed.answers()).toBe(serves);
    expect(meanwhile, "orders while the bad release served").toBeGreaterThan(0);
    expect(await bed.lostWrites(report)).toEqual([]);
    const { drainedAt, heldMs } = await rightOrder(bed, mark, back.data.run);
    // What failed is what the migration broke: at the bad release, and before it at the one whose schema was changed beneath
    // it. Nothing was refused or cut while requests waited, and nothing failed at the older release afterwards.
    const isBroken = ({ detail, at }: Lost) =>
      /^POST \S*\/payments: 500 from /.test(detail) && (detail.endsWith(" v18") || at <= drainedAt);
    expect(report.lost.filter((one) => !isBroken(one))).toEqual([]);
    expect(report.lostCount).toBeGreaterThan(0);
    await schemaIsBack(bed);
    expect(await others(bed, shape)).toEqual(before);
    await explained(bed, decision);
    return { confirmed: report.acknowledgedWrites.length, meanwhile, heldMs, backMs: ended.at - decision.at };
  } finally {
    await load.stop();
  }
}

/** No request is on the newer schema when it goes down, and none meets the older one with the newer code. */
async function rightOrder(
  bed: TriggerBed,
  mark: number,
  run: string,
): Promise<{ drainedAt: number; heldMs: number }> {
  const steps = (await bed.since(mark, "step.verified")).filter(({ data }) => data.run === run);
  const at = (key: RegExp) => steps.findIndex(({ data }) => key.test(data.key));
  const order = [/^hold-/, /^drain-/, /^down$/, /^switch-/, /^let-go-/, /^verify-/].map(at);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect(order[0]).toBeGreaterThanOrEqual(0);
  const [first, last] = [steps[at(/^hold-/)], steps.findLast(({ data }) => /^let-go-/.test(data.key))];
  const drainedAt = steps.findLast(({ data }) => /^drain-/.test(data.key))?.at ?? 0;
  return { drainedAt, heldMs: (last?.at ?? 0) - (first?.at ?? 0) };
}

async function schemaIsBack(bed: TriggerBed): Promise<void> {
  const status = await bed.lastgood("migrate", "status", "--json");
  expect(status.exit, status.out + status.err).toBe(0);
  expect(status.json()).toMatchObject({ failed: [], pending: [expect.stringContaining("amount")] });
}

async function explained(bed: TriggerBed, decision: Decided): Promise<void> {
  expect(decision.data).toMatchObject({ decision: "roll-back", migrations: { fate: "undo" } });
  const words = await bed.explained(decision);
  expect(words).toMatch(/v18 brought the migration \S*amount: reversible\./);
  expect(words).toMatch(/Migrations: they go down/);
  expect(words).toMatch(/keep-migrations +Nothing shows that .* runs on the schema of v18/);
}

/** Containers that are none of a release's, and since when they run. */
async function others(bed: TriggerBed, { services }: Shape): Promise<readonly string[]> {
  const all = await bed.containers(ofStack(bed), "status=running");
  const ours = all.filter(({ kind, name }) => kind === "" && !services.some((one) => name.includes(one)));
  const ids = ours.map(({ id }) => id);
  const said = await bed.docker.docker(["inspect", "--format", "{{.Name}} {{.State.StartedAt}}", ...ids]);
  return said.trim().split("\n").toSorted();
}

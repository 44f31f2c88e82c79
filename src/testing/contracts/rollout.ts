// What every platform that replaces services in place must do, checked against the real thing and against fakes alike.
import assert from "node:assert/strict";
import { setTimeout as realPause } from "node:timers/promises";
import type { Release } from "../../core/release.ts";
import type { Problem, Result } from "../../core/result.ts";
import type { Op } from "../../ports/op.ts";
import type { Rollout, RolloutState } from "../../ports/rollout.ts";

/** A fresh platform: the service is not there, or runs what is no release of ours. */
export type RolloutBed = {
  readonly rollout: Rollout;
  /** A new controller's driver for the same target, as after a crash of the former. */
  again(): Promise<Rollout>;
  /** The same name gives the same op id; the epoch is 1 where none is given. */
  op(name: string, epoch?: number): Op;
  readonly service: string;
  readonly releases: {
    readonly good: Release;
    readonly better: Release;
    /** Its copies print a line and end, again and again. */
    readonly crashes: Release;
  };
  /** Copies that are wanted of each of them; more than one. */
  readonly copies: number;
  /** Copies of a release that run now, counted by other means than the driver's own. */
  runningCount(release: string): Promise<number>;
  /** Somebody else changes something of the service, by the platform's own tools. */
  meddle(): Promise<void>;
  /** How a case waits; real time unless told, so that a fake can move its own clock. */
  readonly pause?: (ms: number) => Promise<void>;
};

export type RolloutCase = { readonly name: string; run(bed: RolloutBed): Promise<void> };

const lookEveryMs = 250;
const looks = 480;
/** Looks at the target while something must NOT happen; rounds instead of time. */
const quietLooks = 20;

export const rolloutContract: readonly RolloutCase[] = [
  { name: "a service that nobody knows is `missing`, and says what to do", run: unknown },
  { name: "an order is carried out: all copies run the release, and nothing else does", run: carriesOut },
  { name: "an order leaves its op and its release as marks, and the generation rises", run: marks },
  { name: "one release takes the place of the other", run: replaces },
  { name: "an order from a stale generation is a conflict and changes nothing", run: stale },
  { name: "of two orders at once from one generation exactly one takes effect", run: race },
  { name: "a lower epoch is fenced and changes nothing, whichever controller brings it", run: fenced },
  {
    name: "the same op twice is one change, also while it is carried out and with a later epoch",
    run: repeats,
  },
  { name: "an op whose change was replaced can't bring it back", run: replaced },
  { name: "somebody else's change raises the generation and takes the mark away", run: meddled },
  { name: "a new controller finds what the former one left", run: survives },
  {
    name: "a release whose copies end is `failed` and says why; the platform does not go back by itself",
    run: fails,
  },
  { name: "after a failure the former release comes back whole, and stays", run: comesBack },
];

export function value<T>(result: Result<T>): T {
  if (!result.ok) assert.fail(`${result.error.code}: ${result.error.what}`);
  return result.value;
}

function refused(result: Result<unknown>, code: Problem["code"]): void {
  if (result.ok) assert.fail(`expected ${code}, got ok`);
  assert.equal(result.error.code, code, result.error.what);
  assert.notEqual(result.error.next, "");
}

/** What a change is compared with now; 0 where there is no such service yet. */
export async function generationNow(rollout: Rollout, service: string): Promise<number> {
  const now = await rollout.now(service);
  if (!now.ok && now.error.code === "missing") return 0;
  return value(now).generation;
}

async function ordered(bed: RolloutBed, name: string, release: Release): Promise<RolloutState> {
  const expected = await generationNow(bed.rollout, bed.service);
  return value(await bed.rollout.change(bed.op(name), bed.service, expected, release));
}

async function until(bed: RolloutBed, state: RolloutState["state"]): Promise<RolloutState> {
  let last: RolloutState | null = null;
  for (let look = 1; look <= looks; look++) {
    last = value(await bed.rollout.now(bed.service));
    if (last.state === state) return last;
    await (bed.pause ?? realPause)(lookEveryMs);
  }
  return assert.fail(`it never came to be ${state}: ${JSON.stringify(last)}`);
}

async function unknown(bed: RolloutBed): Promise<void> {
  refused(await bed.rollout.now("nobody-knows-it"), "missing");
}

async function carriesOut(bed: RolloutBed): Promise<void> {
  const { good } = bed.releases;
  await ordered(bed, "one", good);
  const state = await until(bed, "steady");
  assert.equal(state.release, good.id);
  assert.equal(state.op, bed.op("one").id);
  assert.deepEqual([state.running, state.wanted], [bed.copies, bed.copies]);
  assert.equal(await bed.runningCount(good.id), bed.copies);
}

async function marks(bed: RolloutBed): Promise<void> {
  const expected = await generationNow(bed.rollout, bed.service);
  const state = value(await bed.rollout.change(bed.op("one"), bed.service, expected, bed.releases.good));
  assert.ok(state.generation > expected);
  assert.equal(state.op, bed.op("one").id);
  assert.equal(state.release, bed.releases.good.id);
  // However far it is meanwhile, it is the same change.
  assert.equal(value(await bed.rollout.now(bed.service)).generation, state.generation);
  assert.equal((await until(bed, "steady")).generation, state.generation);
}

async function replaces(bed: RolloutBed): Promise<void> {
  const { good, better } = bed.releases;
  await ordered(bed, "one", good);
  await until(bed, "steady");
  await ordered(bed, "two", better);
  const state = await until(bed, "steady");
  assert.equal(state.release, better.id);
  assert.equal(await bed.runningCount(better.id), bed.copies);
  assert.equal(await bed.runningCount(good.id), 0);
}

async function stale(bed: RolloutBed): Promise<void> {
  const { good, better } = bed.releases;
  const expected = await generationNow(bed.rollout, bed.service);
  const { generation } = await ordered(bed, "one", good);
  refused(await bed.rollout.change(bed.op("two"), bed.service, expected, better), "conflict");
  refused(await bed.rollout.change(bed.op("two"), bed.service, generation + 1_000_000, better), "conflict");
  const now = value(await bed.rollout.now(bed.service));
  assert.deepEqual([now.generation, now.release, now.op], [generation, good.id, bed.op("one").id]);
}

async function race(bed: RolloutBed): Promise<void> {
  const releases = [bed.releases.good, bed.releases.better] as const;
  const expected = await generationNow(bed.rollout, bed.service);
  const results = await Promise.all(
    releases.map((release, at) => bed.rollout.change(bed.op(`racer-${at}`), bed.service, expected, release)),
  );
  const won = results.findIndex((result) => result.ok);
  const lost = results.filter((result) => !result.ok);
  assert.ok(won >= 0 && lost.length === 1, "one must win and one must lose");
  for (const result of lost) refused(result, "conflict");
  const now = value(await bed.rollout.now(bed.service));
  assert.deepEqual([now.op, now.release], [bed.op(`racer-${won}`).id, releases[won]?.id]);
}

async function fenced(bed: RolloutBed): Promise<void> {
  const { good, better } = bed.releases;
  const expected = await generationNow(bed.rollout, bed.service);
  const { generation } = value(await bed.rollout.change(bed.op("new", 5), bed.service, expected, good));
  for (const rollout of [bed.rollout, await bed.again()]) {
    refused(await rollout.change(bed.op("old", 4), bed.service, generation, better), "fenced");
  }
  const now = value(await bed.rollout.now(bed.service));
  assert.deepEqual([now.generation, now.release], [generation, good.id]);
  value(await bed.rollout.change(bed.op("next", 5), bed.service, generation, better));
}

async function repeats(bed: RolloutBed): Promise<void> {
  const { good } = bed.releases;
  const expected = await generationNow(bed.rollout, bed.service);
  const order = (epoch: number) => bed.rollout.change(bed.op("one", epoch), bed.service, expected, good);
  const first = value(await order(1));
  assert.equal(value(await order(1)).generation, first.generation);
  await until(bed, "steady");
  assert.equal(value(await order(2)).generation, first.generation);
  assert.equal(await bed.runningCount(good.id), bed.copies);
}

async function replaced(bed: RolloutBed): Promise<void> {
  const { good, better } = bed.releases;
  const expected = await generationNow(bed.rollout, bed.service);
  await ordered(bed, "one", good);
  const { generation } = await ordered(bed, "two", better);
  refused(await bed.rollout.change(bed.op("one"), bed.service, expected, good), "conflict");
  const now = value(await bed.rollout.now(bed.service));
  assert.deepEqual([now.generation, now.release], [generation, better.id]);
}

async function meddled(bed: RolloutBed): Promise<void> {
  const { good, better } = bed.releases;
  await ordered(bed, "one", good);
  const { generation } = await until(bed, "steady");
  await bed.meddle();
  const now = value(await bed.rollout.now(bed.service));
  assert.ok(now.generation > generation);
  assert.equal(now.op, null);
  refused(await bed.rollout.change(bed.op("two"), bed.service, generation, better), "conflict");
  await ordered(bed, "three", better);
  assert.equal((await until(bed, "steady")).release, better.id);
}

async function survives(bed: RolloutBed): Promise<void> {
  await ordered(bed, "one", bed.releases.good);
  const state = await until(bed, "steady");
  assert.deepEqual(value(await (await bed.again()).now(bed.service)), state);
}

async function fails(bed: RolloutBed): Promise<void> {
  const { good, crashes } = bed.releases;
  await ordered(bed, "one", good);
  await until(bed, "steady");
  const { generation } = await ordered(bed, "two", crashes);
  const failed = await until(bed, "failed");
  assert.notEqual(failed.what, "");
  for (let look = 1; look <= quietLooks; look++) {
    const now = value(await bed.rollout.now(bed.service));
    assert.deepEqual([now.release, now.generation, now.state], [crashes.id, generation, "failed"]);
    await (bed.pause ?? realPause)(lookEveryMs);
  }
}

async function comesBack(bed: RolloutBed): Promise<void> {
  const { good, crashes } = bed.releases;
  await ordered(bed, "one", good);
  await until(bed, "steady");
  await ordered(bed, "two", crashes);
  await until(bed, "failed");
  await ordered(bed, "back", good);
  const state = await until(bed, "steady");
  assert.deepEqual([state.release, state.running], [good.id, bed.copies]);
  for (let look = 1; look <= quietLooks; look++) {
    assert.equal(value(await bed.rollout.now(bed.service)).release, good.id);
    await (bed.pause ?? realPause)(lookEveryMs);
  }
  assert.equal(await bed.runningCount(good.id), bed.copies);
  assert.equal(await bed.runningCount(crashes.id), 0);
}

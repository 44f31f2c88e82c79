// What every runtime must do, whoever wrote it. Run each case on a fresh bed, with any test runner.
import assert from "node:assert/strict";
import { setTimeout as realPause } from "node:timers/promises";
import type { Release } from "../../core/release.ts";
import type { Problem, Result } from "../../core/result.ts";
import type { Op } from "../../ports/op.ts";
import type { Instance, Runtime } from "../../ports/runtime.ts";

/** A place to test a runtime in. Whoever makes it ends and removes everything after the case. */
export type RuntimeBed = {
  readonly runtime: Runtime;
  /** A new controller on the same target, as after a crash of the former one. */
  again(): Promise<Runtime>;
  /** An op with this name, the same for the same name. Epoch 1 unless told. */
  op(name: string, epoch?: number): Op;
  readonly versions: {
    /** Starts and goes on running until it is asked to stop. */
    readonly good: string;
    /** Prints at least one line and ends at once. */
    readonly crashes: string;
    /** Is not there. */
    readonly missing: string;
  };
  readonly service: string;
  /** Live instances of a release (by its id), counted by other means than the runtime's own. */
  aliveCount(release: string): Promise<number>;
  /** How a case waits; real time unless told, so a simulated world can move its own clock. */
  readonly pause?: (ms: number) => Promise<void>;
};

export type RuntimeCase = { readonly name: string; run(bed: RuntimeBed): Promise<void> };

const GRACE_MS = 5_000;
const CRASH_LOOKS = 300;
const CRASH_LOOK_EVERY_MS = 50;

export const runtimeContract: readonly RuntimeCase[] = [
  {
    name: "capturing a version twice gives the same release, with the same digest, and it is whole",
    async run({ runtime, versions, service, again }) {
      const first = value(await runtime.capture(versions.good));
      assert.deepEqual(value(await runtime.capture(versions.good)), first);
      assert.deepEqual(value(await (await again()).capture(versions.good)), first);
      assert.equal(first.version, versions.good);
      assert.ok(service in first.services);
      assert.ok(value(await runtime.available(first)).bytes > 0);
    },
  },
  {
    name: "two versions give two releases with two digests",
    async run({ runtime, versions }) {
      const [good, bad] = [
        value(await runtime.capture(versions.good)),
        value(await runtime.capture(versions.crashes)),
      ];
      assert.notEqual(good.id, bad.id);
      assert.notEqual(good.digest, bad.digest);
    },
  },
  {
    name: "capturing a version that is not there is `missing`, and says what to do",
    async run({ runtime, versions }) {
      const error = failure(await runtime.capture(versions.missing));
      assert.equal(error.code, "missing");
      assert.ok(error.what.includes(versions.missing));
      assert.notEqual(error.next, "");
    },
  },
  {
    name: "capturing starts nothing",
    async run({ runtime, versions, service, aliveCount }) {
      const release = value(await runtime.capture(versions.good));
      assert.equal(await aliveCount(release.id), 0);
      assert.deepEqual(value(await runtime.instances(service)), []);
    },
  },
  {
    name: "a started instance is shown as running, with the op, the release and where it answers",
    async run(bed) {
      const { release, instance } = await startGood(bed, "start");
      assert.equal(instance.release, release.id);
      assert.equal(instance.service, bed.service);
      assert.equal(instance.op, bed.op("start").id);
      assert.equal(instance.state, "running");
      assert.match(instance.url ?? "", /^http:\/\//);
      assert.deepEqual(await identities(bed.runtime, bed.service), [identity(instance)]);
      assert.equal(await bed.aliveCount(release.id), 1);
    },
  },
  {
    name: "the same op twice gives one instance, also when both come at once",
    async run(bed) {
      const { release, instance } = await startGood(bed, "start");
      const op = bed.op("start");
      const repeated = await Promise.all([1, 2].map(() => bed.runtime.start(op, bed.service, release)));
      for (const one of repeated) assert.equal(identity(value(one)), identity(instance));
      const together = await Promise.all(
        [1, 2].map(() => bed.runtime.start(bed.op("both"), bed.service, release)),
      );
      assert.equal(new Set(together.map((one) => identity(value(one)))).size, 1);
      assert.equal(await bed.aliveCount(release.id), 2);
    },
  },
  {
    name: "two ops give two instances side by side",
    async run(bed) {
      const { release, instance } = await startGood(bed, "one");
      const other = value(await bed.runtime.start(bed.op("two"), bed.service, release));
      assert.notEqual(other.id, instance.id);
      assert.notEqual(other.url, instance.url);
      assert.equal(await bed.aliveCount(release.id), 2);
    },
  },
  {
    name: "instances outlive their controller, and a new one finds them as they were",
    async run(bed) {
      const { release, instance } = await startGood(bed, "start");
      const next = await bed.again();
      assert.deepEqual(await identities(next, bed.service), [identity(instance)]);
      assert.equal(await bed.aliveCount(release.id), 1);
    },
  },
  {
    name: "starting again after a crash of the controller gives the instance that is there",
    async run(bed) {
      const { release, instance } = await startGood(bed, "start");
      const next = await bed.again();
      const started = value(await next.start(bed.op("start", 2), bed.service, release));
      assert.equal(identity(started), identity(instance));
      assert.equal(await bed.aliveCount(release.id), 1);
    },
  },
  {
    name: "a version that crashes is shown as exited, with its last lines, and may be started again",
    async run(bed) {
      const release = value(await bed.runtime.capture(bed.versions.crashes));
      const started = value(await bed.runtime.start(bed.op("start"), bed.service, release));
      const dead = await untilExited(bed, started.id);
      assert.equal(dead.release, release.id);
      assert.ok(dead.lastLines.length > 0);
      const tried = value(await bed.runtime.start(bed.op("start"), bed.service, release));
      assert.equal(tried.id, started.id);
    },
  },
  {
    name: "stopping ends exactly that instance, and stopping it again does no harm",
    async run(bed) {
      const { release, instance } = await startGood(bed, "one");
      const other = value(await bed.runtime.start(bed.op("two"), bed.service, release));
      value(await bed.runtime.stop(bed.op("stop"), instance, GRACE_MS));
      assert.equal(await bed.aliveCount(release.id), 1);
      assert.deepEqual(await running(bed.runtime, bed.service), [other.id]);
      value(await bed.runtime.stop(bed.op("stop"), instance, GRACE_MS));
      value(await (await bed.again()).stop(bed.op("stop", 2), instance, GRACE_MS));
      assert.equal(await bed.aliveCount(release.id), 1);
    },
  },
  {
    name: "an op with a lower epoch is fenced and has no effect, whichever controller brings it",
    async run(bed) {
      const { release, instance } = await startGood(bed, "start", 7);
      for (const runtime of [bed.runtime, await bed.again()]) {
        const old = bed.op("old", 6);
        assert.equal(failure(await runtime.start(old, bed.service, release)).code, "fenced");
        assert.equal(failure(await runtime.stop(old, instance, GRACE_MS)).code, "fenced");
        assert.equal(failure(await runtime.forget(old, release.id)).code, "fenced");
      }
      assert.equal(await bed.aliveCount(release.id), 1);
      assert.deepEqual(await running(bed.runtime, bed.service), [instance.id]);
      value(await bed.runtime.available(release));
      value(await bed.runtime.stop(bed.op("new", 7), instance, GRACE_MS));
      assert.equal(await bed.aliveCount(release.id), 0);
    },
  },
  {
    name: "a forgotten release is missing; one that runs is not forgotten",
    async run(bed) {
      const { release, instance } = await startGood(bed, "start");
      failure(await bed.runtime.forget(bed.op("forget"), release.id));
      value(await bed.runtime.available(release));
      assert.equal(await bed.aliveCount(release.id), 1);
      value(await bed.runtime.stop(bed.op("stop"), instance, GRACE_MS));
      value(await bed.runtime.forget(bed.op("forget"), release.id));
      assert.equal(failure(await bed.runtime.available(release)).code, "missing");
      value(await bed.runtime.forget(bed.op("forget"), release.id));
      assert.equal(failure(await bed.runtime.available(release)).code, "missing");
    },
  },
  {
    name: "what was never captured is missing",
    async run(bed) {
      const release = value(await bed.runtime.capture(bed.versions.good));
      const never: Release = { ...release, id: `${release.version}-00000000`, digest: "0".repeat(64) };
      assert.equal(failure(await bed.runtime.available(never)).code, "missing");
    },
  },
];

async function startGood(
  bed: RuntimeBed,
  name: string,
  epoch?: number,
): Promise<{ release: Release; instance: Instance }> {
  const release = value(await bed.runtime.capture(bed.versions.good));
  return { release, instance: value(await bed.runtime.start(bed.op(name, epoch), bed.service, release)) };
}

async function untilExited(bed: RuntimeBed, id: string): Promise<Instance> {
  for (let look = 1; look <= CRASH_LOOKS; look++) {
    const found = value(await bed.runtime.instances(bed.service)).find((one) => one.id === id);
    if (found?.state === "exited") return found;
    await (bed.pause ?? realPause)(CRASH_LOOK_EVERY_MS);
  }
  return assert.fail(`${id} is not shown as exited`);
}

/** What must stay equal over controllers. Output does not belong to it: it grows. */
function identity({ id, service, release, url, op, state }: Instance): string {
  return [id, service, release, url, op, state].join(" ");
}

async function identities(runtime: Runtime, service: string): Promise<readonly string[]> {
  return value(await runtime.instances(service)).map(identity);
}

/** However they are asked for. */
async function running(runtime: Runtime, service: string): Promise<readonly string[]> {
  const all = await runningOf(runtime, service);
  assert.deepEqual(await runningOf(runtime, service, "live"), all);
  return all;
}

async function runningOf(runtime: Runtime, service: string, which?: "live"): Promise<readonly string[]> {
  return value(await runtime.instances(service, which))
    .filter(({ state }) => state === "running")
    .map(({ id }) => id);
}

function value<T>(result: Result<T>): T {
  if (!result.ok) assert.fail(`${result.error.code}: ${result.error.what}`);
  return result.value;
}

function failure(result: Result<unknown>): Problem {
  if (result.ok) assert.fail("it should have been refused");
  return result.error;
}

// The simulated world is only worth believing if it keeps the same contracts as the real drivers.
import { describe, test } from "vitest";
import { opId } from "../../src/core/digest.ts";
import type { Op } from "../../src/ports/op.ts";
import { type DatabaseBed, databaseContract } from "../../src/testing/contracts/database.ts";
import { type RuntimeBed, runtimeContract } from "../../src/testing/contracts/runtime.ts";
import { type TrafficBed, trafficContract } from "../../src/testing/contracts/traffic.ts";
import type { Life } from "../../src/testing/sim/controller.ts";
import { calm } from "../../src/testing/sim/scenario.ts";
import { simClock } from "../../src/testing/sim/sim-clock.ts";
import { simRelease } from "../../src/testing/sim/stage.ts";
import { newTarget, routeOf, serving, type Target } from "../../src/testing/sim/target.ts";
import { simDatabase, simRuntime, simTraffic } from "../../src/testing/sim/world.ts";

const service = "web";

function life(): Life {
  const counts = { points: 0, effects: 0, alive: true, trace: [], violations: [] };
  return {
    ...counts,
    perils: calm,
    intended: () => true,
    onChange: () => undefined,
    freeze: async () => undefined,
    cancel: () => undefined,
  };
}

function op(name: string, epoch = 1): Op {
  return { id: opId("contract", "do", name), epoch, signal: new AbortController().signal };
}

describe("simulated runtime", () => {
  test.each(runtimeContract)("$name", async ({ run }) => {
    const target = newTarget();
    for (const version of ["good", "crashes"]) {
      target.sources.set(version, simRelease(version));
      target.tempers.set(simRelease(version).id, version === "good" ? "good" : "crashes");
    }
    const bed: RuntimeBed = {
      runtime: simRuntime(target, life()),
      again: async () => simRuntime(target, life()),
      op,
      versions: { good: "good", crashes: "crashes", missing: "never-was" },
      service,
      aliveCount: async (release) =>
        target.instances.filter((one) => one.alive && one.release === release).length,
      pause: async () => undefined,
    };
    // "Two versions": the suite may ask for the crashing one as the second.
    await run(bed);
  });
});

describe("simulated traffic", () => {
  test.each(trafficContract)("$name", async ({ run }) => {
    const target = newTarget();
    const bed: TrafficBed = {
      traffic: simTraffic(target, life(), service),
      again: async () => simTraffic(target, life(), service),
      op,
      backend: async (name) => backend(target, name),
      ask: () => ask(target),
    };
    await run(bed);
  });
});

function backend(target: Target, name: string) {
  const id = `${service}-${name}`;
  if (!target.instances.some((one) => one.id === id)) {
    target.instances.push({ id, service, release: name, op: "op-bed", alive: true });
    target.tempers.set(name, "good");
  }
  return { release: name, instance: id, url: `http://${id}` };
}

/** A user waits while requests are held, and is then served by whoever it is. */
async function ask(target: Target): Promise<{ status: number; release: string | null }> {
  while (routeOf(target, service).held) await new Promise((resolve) => setImmediate(resolve));
  const release = serving(target);
  return { status: release === null ? 503 : 200, release };
}

describe("simulated database", () => {
  test.each(databaseContract)("$name", async ({ run }) => {
    const target = newTarget();
    const clock = simClock(() => "boot-1");
    let written = 0;
    const app = { id: "app", service, release: "app", op: "op-bed", alive: true };
    target.instances.push(app);
    const bed: DatabaseBed = {
      database: simDatabase(target, life(), clock),
      again: async () => simDatabase(target, life(), clock),
      op,
      write: async (rows) => {
        for (let row = 0; row < rows; row++) target.rows.add(`written-${++written}`);
      },
      rows: async () => target.rows.size,
      stopApp: async () => {
        app.alive = false;
      },
      startApp: async () => {
        app.alive = true;
      },
    };
    await run(bed);
  });
});

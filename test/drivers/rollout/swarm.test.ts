// A real swarm in trouble: bad releases, a killed controller, lost nodes. What is asked are the nodes and the apps.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { opId } from "../../../src/core/digest.ts";
import type { Release } from "../../../src/core/release.ts";
import { value } from "../../../src/testing/contracts/rollout.ts";
import { describeWithSwarm, type SwarmBed, type SwarmNode, swarmBed } from "../../parts/swarm.ts";
import { type Move, type Moved, move, probe } from "./step-driving.ts";
import type { Job } from "./swarm-child.ts";
import { runningOn, type Stack, type StackOptions, stackOf, type Temper } from "./swarm-stack.ts";

const minutes = 60_000;
const describeSwarm = await describeWithSwarm();
let bed: SwarmBed;

type Ready = {
  readonly stack: Stack;
  readonly to: (service: string, release: Release, name: string) => Move;
};

/** A stack whose services run `good`, and the releases of the other versions. */
async function ready<const Names extends readonly Temper[]>(
  options: StackOptions,
  ...versions: Names
): Promise<Ready & { readonly releases: Record<Names[number], Release> }> {
  const stack = await stackOf(bed, options, versions);
  const releases = {} as Record<Names[number], Release>;
  for (const version of versions)
    releases[version as Names[number]] = value(await stack.runtime.capture(version));
  const to = (service: string, release: Release, name: string): Move => {
    return { rollout: stack.again(), clock: stack.deps.clock, service, release, name: `${service}-${name}` };
  };
  const first = releases[versions[0] as Names[number]] as Release;
  const moved = await Promise.all(options.services.map((service) => move(to(service, first, "first"))));
  expect(moved.map(({ verdict }) => verdict.is)).toEqual(options.services.map(() => "applied"));
  return { stack, to, releases };
}

async function until(what: string, isSo: () => Promise<boolean>, limitMs = 90_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`it never came to be: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describeSwarm("a swarm of three nodes", () => {
  beforeAll(async () => {
    bed = await swarmBed({ heartbeat: "1s" });
  }, 5 * minutes);
  afterAll(() => bed?.close(), 2 * minutes);

  test.concurrent(
    "two services move together or not at all: the second ends at boot, both are back on the former release",
    async () => {
      const { stack, to, releases } = await ready({ services: ["web", "api"], copies: 2 }, "good", "worse");
      const done: Moved[] = [];
      for (const service of ["web", "api"]) done.push(await move(to(service, releases.worse, "bad")));
      expect(done.map(({ verdict }) => verdict.is)).toEqual(["applied", "absent"]);
      expect(done[1]?.problem?.what).toContain("paused");
      const [dead] = value(await stack.runtime.instances("api")).filter(
        (one) => one.release === releases.worse.id,
      );
      expect(dead?.lastLines.join("\n")).toContain("no database at [secret]");
      for (const service of ["api", "web"]) {
        const back = await move(to(service, releases.good, "back"));
        expect(back.verdict.is, JSON.stringify(back)).toBe("applied");
      }
      for (const service of ["web", "api"]) {
        expect(await runningOn(bed, stack, service, releases.good.id)).toBe(2);
        expect(await runningOn(bed, stack, service, releases.worse.id)).toBe(0);
      }
      await stack.close();
    },
    5 * minutes,
  );

  test.concurrent(
    "copies that run the former release are left alone on the way back",
    async () => {
      const { stack, to, releases } = await ready({ services: ["web"], copies: 3 }, "good", "crashes");
      const idsOf = async () =>
        value(await stack.runtime.instances("web"))
          .filter((one) => one.state === "running" && one.release === releases.good.id)
          .map(({ id }) => id);
      const before = await idsOf();
      expect((await move(to("web", releases.crashes, "bad"))).verdict.is).toBe("absent");
      const left = await idsOf();
      expect(left.length).toBeGreaterThanOrEqual(2);
      expect((await move(to("web", releases.good, "back"))).verdict.is).toBe("applied");
      const after = await idsOf();
      expect(after).toHaveLength(3);
      expect(after.filter((id) => left.includes(id))).toEqual(left.filter((id) => before.includes(id)));
      await stack.close();
    },
    4 * minutes,
  );

  test.concurrent(
    "the engine never goes to the bad release by itself, also when the good one fails on the way back",
    async () => {
      const { stack, to, releases } = await ready(
        { services: ["web"], copies: 2 },
        "good",
        "better",
        "unhealthy",
      );
      const short = { timeoutMs: 15_000 };
      expect((await move({ ...to("web", releases.unhealthy, "bad"), ...short })).verdict.is).toBe("absent");
      // The way back meets trouble of its own: each of its fresh copies is killed as soon as it is there.
      const { generation } = value(await stack.rollout.now("web"));
      value(await stack.rollout.change(opOf("back"), "web", generation, releases.better));
      await until(
        "a copy of the way back was killed twice",
        async () => (await killed(stack, releases.better)) >= 2,
      );
      for (let look = 0; look < 40; look++) {
        const now = value(await stack.rollout.now("web"));
        expect([now.release, now.op]).toEqual([releases.better.id, opOf("back").id]);
      }
      expect(await runningOn(bed, stack, "web", releases.good.id)).toBeGreaterThan(0);
      expect((await move(to("web", releases.good, "again"))).verdict.is).toBe("applied");
      expect(await runningOn(bed, stack, "web", releases.unhealthy.id)).toBe(0);
      await stack.close();
    },
    5 * minutes,
  );

  test.concurrent(
    "a controller that is killed at any moment leaves at most one order, and the next one finishes it",
    async () => {
      const { stack, to, releases } = await ready({ services: ["web"], copies: 2 }, "good", "better");
      const there = [releases.better, releases.good];
      for (const [round, delayMs] of [0, 40, 150, 400, 2_000].entries()) {
        const release = there[round % 2] as Release;
        const wanted = to("web", release, `round-${round}`);
        const { generation } = value(await stack.rollout.now("web"));
        const [, former] = await ordersOf(stack);
        const child = await controller(stack, { service: "web", release: release.id, name: wanted.name });
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        child.kill("SIGKILL");
        await once(child, "exit");
        const before = { generation, release: there[(round + 1) % 2]?.id ?? null, steady: true };
        const found = await probe(wanted, before);
        expect(found.is, JSON.stringify(found)).toBe("absent");
        const finished = await move(wanted);
        expect(finished.verdict.is, JSON.stringify(finished)).toBe("applied");
        const now = value(await stack.rollout.now("web"));
        expect(now.release).toBe(release.id);
        // The engine remembers one order before the newest: were there two of this round, it would be one of them.
        expect(await ordersOf(stack)).toEqual([former, opId("test", "do", wanted.name)]);
      }
      await stack.close();
    },
    5 * minutes,
  );
});

// Last, and alone: what they do to the nodes would disturb the others.
describeSwarm("a swarm that loses a node", () => {
  beforeAll(async () => {
    bed = await swarmBed({ heartbeat: "1s" });
  }, 5 * minutes);
  afterAll(() => bed?.close(), 2 * minutes);

  test(
    "a worker's engine is killed in mid-deploy: the deploy gets to its end, and says what was lost",
    async () => {
      const { stack, to, releases } = await ready({ services: ["web"], copies: 3 }, "good", "better");
      const worker = bed.nodes[2];
      const moving = move(to("web", releases.better, "deploy"));
      await until(
        "the first new copy runs",
        async () => (await runningOn(bed, stack, "web", releases.better.id)) > 0,
      );
      await worker.kill();
      const { verdict } = await moving;
      expect(verdict).toMatchObject({ is: "applied", evidence: { wanted: 3 } });
      expect(value(await stack.rollout.now("web")).what).toContain(`lost: ${worker.name}`);
      // The engine may have placed one copy too many in its distress; it ends it again.
      await until("three copies are left on the living nodes", async () => {
        const ids = bed.nodes.slice(0, 2).map((node) => copiesOn(node, releases.better));
        return (await Promise.all(ids)).flat().length === 3;
      });
      await worker.start();
      await until("nothing of the former release is left", async () => {
        return (await runningOn(bed, stack, "web", releases.good.id)) === 0;
      });
      expect(value(await stack.rollout.now("web"))).toMatchObject({
        release: releases.better.id,
        running: 3,
      });
      await stack.close();
    },
    6 * minutes,
  );

  test(
    "a manager's engine is killed in mid-deploy: nothing is known until it answers, then all is new or all is back",
    async () => {
      const { stack, to, releases } = await ready({ services: ["web"], copies: 2 }, "good", "better");
      const [manager] = bed.nodes;
      const wanted = to("web", releases.better, "deploy");
      const moving = move(wanted);
      await until(
        "the order was taken",
        async () =>
          value(await stack.rollout.now("web")).op !== null &&
          value(await stack.rollout.now("web")).release === releases.better.id,
      );
      await manager.kill();
      expect(await probe(wanted, { generation: 1, release: null, steady: true })).toMatchObject({
        is: "unknown",
      });
      await manager.start();
      const { verdict } = await moving;
      // Its own copy died with it: the engine may hold that against the release, and pause.
      const isNew = verdict.is === "applied";
      if (!isNew) expect((await move(to("web", releases.good, "back"))).verdict.is).toBe("applied");
      const [there, gone] = isNew ? [releases.better, releases.good] : [releases.good, releases.better];
      await until("two copies run, and none of the other release", async () => {
        const counts = [there, gone].map(({ id }) => runningOn(bed, stack, "web", id));
        return (await Promise.all(counts)).join() === "2,0";
      });
      expect(value(await stack.rollout.now("web"))).toMatchObject({ release: there.id, state: "steady" });
      await stack.close();
    },
    6 * minutes,
  );
});

/** Ops of the last but one and of the last order, from the engine. */
async function ordersOf(stack: Stack): Promise<readonly [string | undefined, string | undefined]> {
  const [service] = JSON.parse(
    await bed.nodes[0].docker("service", "inspect", `${stack.config.stackName}_web`),
  );
  return [service.PreviousSpec?.Labels["lastgood.op"], service.Spec.Labels["lastgood.op"]];
}

async function copiesOn(node: SwarmNode, release: Release): Promise<readonly string[]> {
  const said = await node.docker("ps", "--quiet", "--filter", `label=lastgood.release=${release.id}`);
  return said.split("\n").filter((id) => id !== "");
}

function opOf(name: string) {
  return { id: `op-${name}`, epoch: 1, signal: new AbortController().signal };
}

/** `docker kill` of the copies of a release on all nodes; how many died so far. */
const deaths = new Map<string, number>();
async function killed(stack: Stack, release: Release): Promise<number> {
  for (const node of bed.nodes) {
    for (const id of await copiesOn(node, release)) {
      const died = await node.docker("kill", id).then(
        () => 1,
        () => 0,
      );
      deaths.set(stack.config.stackName, (deaths.get(stack.config.stackName) ?? 0) + died);
    }
  }
  return deaths.get(stack.config.stackName) ?? 0;
}

/** Its process, once it has begun. */
async function controller(stack: Stack, job: Omit<Job, "config">): Promise<ChildProcess> {
  const program = join(import.meta.dirname, "swarm-child.ts");
  const child = spawn(process.execPath, [program, JSON.stringify({ ...job, config: stack.config })], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout as NonNullable<typeof child.stdout>, "data");
  return child;
}

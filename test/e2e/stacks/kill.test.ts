// kill -9 of the controller, of its docker client and of dockerd, in the middle of deploys and rollbacks of a real stack.
// LASTGOOD_KILLS: how many in all (10); `npm run long` runs this. LASTGOOD_SEED: other moments.
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDice } from "../../../src/demo/load/dice.ts";
import type { Load, LoadReport } from "../../../src/demo/load/load.ts";
import { localProcesses } from "../../../src/os/processes.ts";
import type { ProcessRef } from "../../../src/ports/processes.ts";
import { bedFolder, laterOn, pause } from "../../parts/bed.ts";
import { type PrivateDockerBed, privateDocker } from "../../parts/docker.ts";
import { describeWith } from "../../parts/needs.ts";
import { layBed, ofStack, type StackBed } from "./bed.ts";
import { type DockerShim, dockerShim } from "./docker-shim.ts";
import { type Blow, recoverTwice, type Struck, strike, type Verb } from "./killing.ts";

const kills = Number(process.env["LASTGOOD_KILLS"] ?? 10);
const seed = Number(process.env["LASTGOOD_SEED"] ?? 1);
const limitMs = 180_000 + kills * 60_000;
/** A deploy takes some seconds: later there would be nothing to kill. */
const randomWithinMs = 2_500;
/** A look takes docker some tens of milliseconds, a start half a second. */
const callWithinMs = 100;
/** How the kills are shared out, by tenths. */
const shares = { boundaries: 0.4, random: 0.1, docker: 0.3, dockerd: 0.2 } as const;
const share = (of: keyof typeof shares) => Math.max(1, Math.round(kills * shares[of]));

const processes = localProcesses();
const withParts = await describeWith("docker", "nginx", "postgres");

withParts(`${kills} times kill -9 in the middle`, () => {
  const { later, end } = laterOn();
  const dice = createDice(seed);
  const count: Record<string, number> = {};
  const versions = ["v1", "v7"] as const;
  /** What a whole run of each verb does: so many appends, so many calls of docker. */
  const whole: Partial<Record<Verb, Struck>> = {};
  let docker: PrivateDockerBed;
  let bed: StackBed;
  let shim: DockerShim;
  let load: Load;
  let serving = "v1";

  beforeAll(async () => {
    docker = await privateDocker(["lastgood-test/base:1", "redis:7"], later);
    // Controllers in this process, which settle what was left, are to see the same engine.
    for (const name of ["DOCKER_HOST", "DOCKER_CONFIG"]) process.env[name] = docker.env[name];
    bed = await layBed("hibachi", later, docker);
    await bed.watchFor("{ for: 30m, check: 1s }");
    shim = await dockerShim(await bedFolder("shim", later));
    await bed.stack.setVersion("v7");
    for (const version of versions) {
      const said = await bed.lastgood("deploy", version, "--yes", "--no-wait", "--json");
      expect(said.exit, said.out + said.err).toBe(0);
    }
    serving = "v7";
  }, limitMs);
  afterAll(async () => {
    await load?.stop();
    await end();
  }, limitMs);

  const other = () => (serving === "v1" ? "v7" : "v1");

  async function oneKill(verb: Verb, blow: Blow): Promise<Struck> {
    const striking = strike(bed, shim, verb, other(), blow);
    if (blow.who === "dockerd") await bringBack(blow.engine, striking);
    const struck = await striking;
    const after = await recoverTwice(bed, versions, blow.who === "dockerd");
    if (after.startedAgain)
      count["started again by a person"] = (count["started again by a person"] ?? 0) + 1;
    serving = after.serving;
    const kind = `${blow.who} in a ${verb}`;
    if (struck.hit) count[kind] = (count[kind] ?? 0) + 1;
    if (after.paused) await goOn();
    return struck;
  }

  /** As its service manager would: as soon as it is dead, while the controller still runs. */
  async function bringBack(engine: ProcessRef, striking: Promise<unknown>): Promise<void> {
    let over = false;
    const end = () => {
      over = true;
    };
    void striking.then(end, end);
    while (!over && processes.alive(engine)) await pause();
    if (processes.alive(engine)) return;
    await docker.engine.startAgain();
    await striking;
    // The team's own Redis stays down as well: nothing of ours touches it.
    await bed.stack.compose(["start", "redis"]);
  }

  /** What is paused is a person's business, who goes back. */
  async function goOn(): Promise<void> {
    count["paused"] = (count["paused"] ?? 0) + 1;
    const back = await bed.rollback(serving);
    expect(back.exit, back.out + back.err).toBe(0);
    await recoverTwice(bed, versions);
  }

  /** A deploy, and every second rollback, is to something that does not run any more. */
  async function cool(verb: Verb, turn: number): Promise<void> {
    if (verb === "rollback" && turn % 2 === 0) return;
    for (const { id, kind, release } of await bed.containers(ofStack(bed), "status=running"))
      if (kind === "instance" && release.startsWith(`${other()}-`)) await docker.docker(["stop", id]);
  }

  test(
    "whole runs, to know where there is something to kill",
    async () => {
      load = bed.load(20);
      for (const verb of ["rollback", "deploy"] as const) {
        const before = serving;
        await cool(verb, 1);
        whole[verb] = await oneKill(verb, { who: "nobody" });
        expect(serving).not.toBe(before);
      }
      expect(whole.deploy?.appends).toBeGreaterThan(10);
      expect(whole.deploy?.calls).toBeGreaterThan(10);
    },
    limitMs,
  );

  test(
    "the controller, at boundaries of steps and at random moments: all-new, all-old, or paused while serving",
    async () => {
      const boundaries = share("boundaries");
      for (let turn = 0; turn < boundaries; turn++) {
        const verb = turn % 3 === 2 ? "rollback" : "deploy";
        await cool(verb, turn);
        // Spread over the run; the ends of a run are boundaries as well.
        const at = 1 + Math.round((turn / Math.max(1, boundaries - 1)) * ((whole[verb]?.appends ?? 1) - 1));
        const struck = await oneKill(verb, { who: "controller", at, phase: turn % 2 ? "after" : "before" });
        console.log(
          `controller at ${at} of a ${verb}: ${struck.hit ? "killed" : "ended before"}; ${serving} serves`,
        );
      }
      for (let turn = 0; turn < share("random"); turn++) {
        await cool("deploy", turn);
        const afterMs = dice.next() * randomWithinMs;
        await oneKill("deploy", { who: "controller at a random moment", afterMs });
      }
    },
    limitMs,
  );

  test(
    "its docker client, in the middle of a call: likewise",
    async () => {
      const all = share("docker");
      for (let turn = 0; turn < all; turn++) {
        const verb = turn % 3 === 2 ? "rollback" : "deploy";
        await cool(verb, turn);
        const call = 1 + Math.floor(((turn + dice.next()) / all) * (whole[verb]?.calls ?? 1));
        const struck = await oneKill(verb, { who: "docker", call, afterMs: dice.next() * callWithinMs });
        console.log(
          `docker call ${call} of a ${verb}: ${struck.hit ? "killed" : "ended before"}; ${serving} serves`,
        );
      }
    },
    limitMs,
  );

  let confirmed: LoadReport;

  test(
    "so far no request was lost, and no confirmed order",
    async () => {
      confirmed = await load.stop();
      console.log(`${confirmed.requests} requests, ${confirmed.lostCount} lost (seed ${seed})`);
      expect(confirmed.lost).toEqual([]);
      expect(await bed.lostWrites(confirmed)).toEqual([]);
    },
    limitMs,
  );

  test(
    "dockerd, which takes all containers with it: when it is back, likewise, and no confirmed order is lost",
    async () => {
      const all = share("dockerd");
      load = bed.load(20, { websocket: false });
      for (let turn = 0; turn < all; turn++) {
        const verb = turn % 3 === 2 ? "rollback" : "deploy";
        const at = 1 + Math.floor(((turn + 0.5) / all) * (whole[verb]?.appends ?? 1));
        const engine = await docker.engine.process();
        if (engine === null) throw new Error("the engine is gone");
        const struck = await oneKill(verb, { who: "dockerd", at, engine });
        console.log(
          `dockerd at ${at} of a ${verb}: ${struck.hit ? "killed" : "ended before"}; ${serving} serves`,
        );
      }
      const report = await load.stop();
      expect(await bed.lostWrites(report)).toEqual([]);
      expect(await bed.lostWrites(confirmed)).toEqual([]);
      console.log(`kills: ${JSON.stringify(count)} (seed ${seed})`);
      const hits = Object.entries(count).filter(([kind]) => kind.includes(" in a "));
      expect(hits.reduce((sum, [, n]) => sum + n, 0)).toBeGreaterThanOrEqual(Math.floor(kills * 0.5));
    },
    limitMs,
  );
});

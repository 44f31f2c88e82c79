// kill -9 of the controller at every boundary and at random moments of real deploys and rollbacks, under load.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { settle } from "../../src/compose/controller.ts";
import { envState } from "../../src/core/state.ts";
import { type Load, startLoad } from "../../src/demo/load/load.ts";
import { countLostWrites } from "../../src/demo/load/lost-writes.ts";
import { type Bed, makeBed } from "./bed.ts";

const killable = fileURLToPath(new URL("killable.ts", import.meta.url));
const versions = ["v1", "v7"] as const;
/** Kills in all: boundaries first, then random moments until there are as many. */
const wantedKills = Number(process.env["LASTGOOD_KILLS"] ?? 70);
/** Some runs end before their random moment: a named end for the search. */
const mostRandomTries = wantedKills * 4;
/** A run takes a few hundred milliseconds at most: later there would be nothing to kill. */
const randomWithinMs = 150;
const seed = Number(process.env["LASTGOOD_SEED"] ?? 1);
const limitMs = 1_200_000;

let bed: Bed;
let load: Load;
let kills = 0;

beforeAll(async () => {
  bed = await makeBed();
  const first = await bed.lastgood("deploy", "v1", "--yes", "--no-wait", "--json");
  expect(first.exit, first.err).toBe(0);
  load = startLoad({ url: bed.url, perSecond: 40, clients: 8, seed, slowEveryMs: 2_000, websocket: false });
}, 120_000);

afterAll(async () => {
  await load?.stop();
  await bed?.close();
}, 120_000);

type Verb = "deploy" | "rollback";

/** Run the verb in a process of its own and let it die; returns whether it died, and how often it appended. */
function act(
  verb: Verb,
  version: string,
  at: number,
  phase: string,
  afterMs: number | null = null,
): Promise<{ died: boolean; appends: number }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [killable, bed.config, verb, version, String(at), phase], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk) => {
      const begins = out === "";
      out += chunk;
      if (begins && afterMs !== null) setTimeout(() => child.kill("SIGKILL"), afterMs);
    });
    child.stderr.on("data", (chunk) => (err += chunk));
    child.on("close", (code, signal) => {
      if (signal === "SIGKILL") {
        kills += 1;
        resolve({ died: true, appends: 0 });
      } else if (code === 0)
        resolve({ died: false, appends: JSON.parse(out.trim().split("\n").at(-1) ?? "{}").appends });
      else reject(new Error(`${verb} ${version} ended with ${code}: ${err}`));
    });
  });
}

/** A new controller settles what the dead one left; a second one finds nothing to do. */
async function recoverTwice(from: string, to: string): Promise<string> {
  const first = await bed.open();
  await settle(first);
  const { deps } = first.app;
  const head = deps.ledger.state().seq;
  const env = envState(deps.ledger.state(), "production");
  const run = env.run === null ? null : deps.ledger.state().runs[env.run];
  expect(["paused", undefined]).toContain(run?.status);
  const site = first.app.sites.get("production");
  const answer = await site?.world.traffic("web").whoAnswers("/health", 5_000);
  first.close();
  if (!answer?.ok) throw new Error(`nobody answers: ${answer?.error.what}`);
  const serving = answer.value.release?.split("-")[0] ?? "nobody";
  expect([from, to]).toContain(serving);
  expect(answer.value.status).toBe(200);
  const second = await bed.open();
  await settle(second);
  expect(second.app.deps.ledger.state().seq).toBe(head);
  second.close();
  const alive = await bed.alive();
  expect(alive.children).toBe(0);
  expect(alive.proxies).toHaveLength(1);
  // The one that serves, and at most the other one, warm.
  expect(alive.instances).toBeLessThanOrEqual(2);
  return serving;
}

let serving = "v1";

async function oneKill(
  verb: Verb,
  at: number,
  phase: string,
  afterMs: number | null = null,
): Promise<{ died: boolean; appends: number }> {
  const other = versions.find((version) => version !== serving) ?? "v7";
  const end = await act(verb, other, at, phase, afterMs);
  serving = await recoverTwice(serving, other);
  return end;
}

test.each(["deploy", "rollback"] as const)(
  "killed at every boundary of a %s, it is all-new, all-old, or paused while serving",
  async (verb) => {
    // Both releases must be known before a rollback can name one.
    await oneKill("deploy", 0, "before");
    const { appends } = await oneKill(verb, 0, "before");
    expect(appends).toBeGreaterThan(5);
    for (let at = 1; at <= appends; at++)
      for (const phase of ["before", "after"]) await oneKill(verb, at, phase);
  },
  limitMs,
);

test(
  "killed at random moments, likewise",
  async () => {
    const random = generator(seed);
    for (let tries = 0; tries < mostRandomTries && kills < wantedKills; tries++) {
      const verb = random() < 0.5 ? "deploy" : "rollback";
      await oneKill(verb, 0, "before", Math.floor(random() * randomWithinMs));
    }
  },
  limitMs,
);

test(
  "over all kills no confirmed write was lost, and no request either",
  async () => {
    const report = await load.stop();
    const writes = await countLostWrites(bed.url, report.acknowledgedWrites);
    console.log(
      `${kills} kills; ${report.requests} requests, ${report.lostCount} lost; ${report.acknowledgedWrites.length} writes confirmed (seed ${seed})`,
    );
    expect(kills).toBeGreaterThanOrEqual(Math.min(100, wantedKills));
    expect(report.lost).toEqual([]);
    expect(writes).toMatchObject({ ok: true, value: { missing: [] } });
  },
  limitMs,
);

/** mulberry32, for repeatable moments. */
function generator(from: number): () => number {
  let state = from >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

// kill -9 of the controller, of its programs, and of the server, in the middle of everything that is done to a database.
// LASTGOOD_SEED: other moments.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDice } from "../../../../src/demo/load/dice.ts";
import { localProcesses } from "../../../../src/os/processes.ts";
import { type Daemon, laterOn, pause } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import type { Ended, Errand } from "./kill-child.ts";
import { type Run, type Trial, trialsOn, type Verb } from "./kill-verbs.ts";
import { shop } from "./shop.ts";

type Victim = "controller" | "program" | "server";
type Kind = readonly [Verb, Victim];

/** In turn; the first of them have every verb. Only backups and restores run programs of PostgreSQL's. */
const kinds: readonly Kind[] = [
  ["restore", "controller"],
  ["undo", "server"],
  ["backup", "controller"],
  ["prepare", "program"],
  ["salvage", "controller"],
  ["down", "server"],
  ["exchange", "controller"],
  ["plan", "server"],
  ["backup", "program"],
  ["restore", "server"],
  ["undo", "controller"],
  ["prepare", "controller"],
  ["salvage", "server"],
  ["down", "controller"],
  ["exchange", "server"],
  ["plan", "controller"],
  ["backup", "server"],
  ["restore", "program"],
  ["prepare", "server"],
];
/** The fewest acts that a whole run of each has: fewer, and there is nothing to be killed in. */
const actsAtLeast: Readonly<Record<Verb, number>> = {
  backup: 6,
  prepare: 10,
  exchange: 7,
  restore: 21,
  undo: 7,
  salvage: 10,
  plan: 4,
  down: 4,
};
const verbs = Object.keys(actsAtLeast) as readonly Verb[];
/** A turn misses where a program ends before its moment, or a run has fewer acts than the whole one had. */
const turnsForOneHit = 2;
/** Spreads moments evenly, however many there are. */
const golden = 0.618_034;

const seed = Number(process.env["LASTGOOD_SEED"] ?? 1);
const childFile = fileURLToPath(new URL("./kill-child.ts", import.meta.url));
const processes = localProcesses();
const withPostgres = await describeWith("postgres");

/** `hits`: how many times somebody must really die in the middle of it. */
export function killing(hits: number): void {
  const limitMs = 120_000 + hits * 40_000;

  withPostgres(`${hits} times kill -9 in the middle of what is done to a database`, () => {
    const { later, end } = laterOn();
    let server: PostgresBed;
    let daemon: Daemon;
    let trials: Readonly<Record<Verb, Trial>>;
    /** A whole run of each verb, undisturbed. */
    const whole = new Map<Verb, Ended>();

    beforeAll(async () => {
      server = await postgresBed({}, later);
      daemon = server;
    }, limitMs);
    afterAll(end);

    async function oneTurn([verb, victim]: Kind, turn: number, part: number): Promise<boolean> {
      const name = `${verb}-${victim}-${turn}`;
      const trial = trials[verb];
      const run = { id: `op-${name}`, what: await trial.lay(name) };
      const { acts, programs } = whole.get(verb) ?? { acts: 1, programs: [] };
      const when = { at: 1 + Math.floor(part * acts), phase: turn % 3 === 0 ? "before" : "after" } as const;
      const hit = await strike(trial, run, {
        ...(victim === "program" ? { ...never, program: momentOf(programs, part) } : { ...never, ...when }),
        server: victim === "server" ? daemon.process.pid : null,
      });
      if (victim === "server" && hit) {
        while (processes.alive(daemon.process)) await pause();
        daemon = await startAgain(server);
      }
      await reap(run.id);
      await nobodyInside(server);
      await trial.check(run, name);
      return hit;
    }

    test(
      "each time all-old or all-new, nothing lost, and a second recovery finds nothing to do",
      async () => {
        trials = await trialsOn(server, await shop(server));
        // Whole runs first, to know where there is something to kill.
        for (const verb of verbs) {
          const [trial, name] = [trials[verb], `${verb}-whole`];
          const run = { id: `op-${name}`, what: await trial.lay(name) };
          const { ended } = await start(trial, run, { ...never, server: null });
          expect(ended, name).toMatchObject({ ok: true });
          if (ended) whole.set(verb, ended);
          expect(ended?.acts, name).toBeGreaterThanOrEqual(actsAtLeast[verb]);
          await trial.check(run, name);
        }
        const dice = createDice(seed);
        const aims = kinds.map((kind) => ({ kind, hits: 0, tries: 0, offset: dice.next() }));
        const [first] = aims;
        if (first === undefined) throw new Error("nobody is to be killed");
        let [done, turn] = [0, 0];
        for (; done < hits && turn < hits * turnsForOneHit; turn++) {
          // What was hit least comes next, so that all of them are.
          const aim = aims.reduce((least, one) => (one.hits < least.hits ? one : least), first);
          const part = (aim.offset + aim.tries * golden) % 1;
          aim.tries++;
          if (!(await oneTurn(aim.kind, turn, part))) continue;
          aim.hits++;
          done++;
        }
        const count = aims.map(
          ({ kind: [verb, victim], ...one }) => `${victim} in ${verb} ${one.hits}/${one.tries}`,
        );
        console.log(`kills: ${done} in ${turn} turns, seed ${seed} (hits/turns): ${count.join(", ")}`);
        expect(done).toBeGreaterThanOrEqual(hits);
        if (hits >= kinds.length) expect(aims.filter((aim) => aim.hits === 0)).toEqual([]);
      },
      limitMs,
    );
  });
}

const never = { at: 0, phase: "before", program: null } as const;

type Moment = Pick<Errand, "at" | "phase" | "server" | "program">;

/** True where somebody died of it. */
async function strike(trial: Trial, run: Run, moment: Moment): Promise<boolean> {
  const { died, struck } = await start(trial, run, moment);
  return died || struck;
}

/** In a process of its own. `ended` is null where it was killed. */
function start({ site, errand: verb }: Trial, { id, what }: Run, moment: Moment) {
  const url = site.config.url.reveal();
  const errand: Errand = { url, backupDir: site.config.backupDir, verb, op: id, what, ...moment };
  const child = spawn(process.execPath, [childFile, JSON.stringify(errand)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (chunk) => {
    said += chunk;
  });
  return new Promise<{ died: boolean; struck: boolean; ended: Ended | null }>((resolve, reject) => {
    child.on("close", (code, signal) => {
      if (signal === "SIGKILL") return resolve({ died: true, struck: false, ended: null });
      if (code !== 0) return reject(new Error(`the child ended with ${code}: ${said}`));
      const ended = JSON.parse(said.trim().split("\n").at(-1) ?? "{}") as Ended;
      resolve({ died: false, struck: said.includes("struck"), ended });
    });
  });
}

/** Runs differ: near its end a program has mostly ended already. */
const sureOf = 0.8;

/** The moment in all that its programs took together, as one of them and how long after it began. */
function momentOf(programs: readonly number[], part: number): Errand["program"] {
  let left = sureOf * part * programs.reduce((sum, ms) => sum + ms, 0);
  for (const [nth, ms] of programs.entries()) {
    if (left < ms) return { nth, afterMs: left };
    left -= ms;
  }
  return null;
}

/** As the engine does before it takes a step up again. */
async function reap(opId: string): Promise<void> {
  for (const one of await processes.find("LASTGOOD_OP", opId)) processes.signal(one, "SIGKILL");
}

/** What a dead controller began, its session may end yet: then it is told which of the two it is. */
async function nobodyInside(server: PostgresBed): Promise<void> {
  const ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lastgood'";
  while ((await server.psql(ours)) !== "0") await pause();
}

/** Its children notice a moment later, and a new server waits for all of them to be gone. */
async function startAgain(server: PostgresBed): Promise<Daemon> {
  for (let left = 20; ; left--) {
    const started = await server.startAgain().catch((error: Error) => error);
    if (!(started instanceof Error)) return started;
    if (left === 0 || !started.message.includes("still in use")) throw started;
  }
}

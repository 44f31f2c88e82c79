// kill -9 of the controller, of pg_dump and pg_restore, and of the server, in the middle of backups, restores and undos.
// LASTGOOD_KILLS: how many in all (6); 60 or more for a whole round. LASTGOOD_SEED: other moments.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDice } from "../../../../src/demo/load/dice.ts";
import { backUp } from "../../../../src/drivers/database/postgres/back-up.ts";
import { restore } from "../../../../src/drivers/database/postgres/restore-run.ts";
import { marker } from "../../../../src/drivers/database/postgres/swap-probe.ts";
import { settle } from "../../../../src/drivers/database/postgres/swap-settle.ts";
import { localProcesses } from "../../../../src/os/processes.ts";
import { type Daemon, laterOn, pause } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import type { Fault } from "./crashing-sql.ts";
import type { Errand } from "./kill-child.ts";
import { type Shop, shop } from "./shop.ts";
import { good, op } from "./site.ts";

const kills = Number(process.env["LASTGOOD_KILLS"] ?? 6);
const seed = Number(process.env["LASTGOOD_SEED"] ?? 1);
const limitMs = 120_000 + kills * 40_000;
const childFile = fileURLToPath(new URL("./kill-child.ts", import.meta.url));
const processes = localProcesses();
const withPostgres = await describeWith("postgres");

type Verb = "backup" | "restore" | "undo";
type Victim = "controller" | "program" | "server";
type Case = { readonly verb: Verb; readonly victim: Victim; readonly part: number; readonly phase: Fault };

/** Six kinds in turn; an undo runs no program of PostgreSQL's that could be killed. Moments are spread over the run. */
function casesOf(all: number): readonly Case[] {
  const kinds = [
    ["restore", "controller"],
    ["undo", "server"],
    ["backup", "controller"],
    ["restore", "server"],
    ["restore", "program"],
    ["undo", "controller"],
    ["backup", "server"],
    ["backup", "program"],
  ] as const;
  const dice = createDice(seed);
  return Array.from({ length: all }, (_, turn) => {
    const [verb, victim] = kinds[turn % kinds.length] ?? kinds[0];
    const rounds = Math.ceil(all / kinds.length);
    const part = (Math.floor(turn / kinds.length) + dice.next()) / rounds;
    return { verb, victim, part, phase: turn % 3 === 0 ? "before" : "after" };
  });
}

withPostgres(`${kills} times kill -9 in the middle of what is done to a database`, () => {
  const { later, end } = laterOn();
  let server: PostgresBed;
  let daemon: Daemon;
  let site: Shop;
  /** Acts of a whole run of each verb. */
  const whole: Partial<Record<Verb, number>> = {};
  const count: Record<string, number> = {};
  let turn = 0;

  beforeAll(async () => {
    server = await postgresBed({}, later);
    daemon = server;
  }, limitMs);
  afterAll(end);

  type Run = { readonly id: string; readonly what: string };

  /** In a process of its own. `acts` is 0 where it was killed. */
  function start(verb: Verb, run: Run, at: number, phase: Fault, victim: Victim) {
    const errand: Errand = {
      url: site.config.url.reveal(),
      backupDir: site.config.backupDir,
      verb: verb === "undo" ? "restore" : verb,
      op: run.id,
      what: run.what,
      at: victim === "program" ? 0 : at,
      phase,
      server: victim === "server" ? daemon.process.pid : null,
    };
    const child = spawn(process.execPath, [childFile, JSON.stringify(errand)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    child.stdout.on("data", (chunk) => {
      said += chunk;
    });
    return new Promise<{ died: boolean; struck: boolean; acts: number; ok: boolean }>((resolve, reject) => {
      child.on("close", (code, signal) => {
        if (signal === "SIGKILL") return resolve({ died: true, struck: false, acts: 0, ok: false });
        if (code !== 0) return reject(new Error(`the child ended with ${code}: ${said}`));
        resolve({
          died: false,
          struck: said.includes("struck"),
          ...JSON.parse(said.trim().split("\n").at(-1) ?? "{}"),
        });
      });
    });
  }

  /** The first program that carries the op, as soon as it is there or a little later. True where one was killed. */
  async function killProgram(opId: string, over: () => boolean, waitMs: number): Promise<boolean> {
    while (!over()) {
      const found = (await processes.find("LASTGOOD_OP", opId)).filter(({ pid }) => pid !== process.pid);
      if (found.length > 0) {
        await pause(waitMs);
        return found.map((one) => processes.signal(one, "SIGKILL")).some(Boolean);
      }
      await pause(2);
    }
    return false;
  }

  /** What there is to be restored: the backup, or what a restore just kept. */
  async function prepare(verb: Verb, name: string): Promise<string> {
    if (verb !== "undo") return verb === "restore" ? site.backup : name;
    const made = restore(site.context(), op(`${name}-first`), site.backup, { sessions: "end" });
    return good(await made).kept;
  }

  /** Rows before and after it, by verb: the app's own answer. */
  const answers = (verb: Verb) => (verb === "undo" ? ["10", "20"] : ["20", "10"]);

  async function oneKill({ verb, victim, part, phase }: Case): Promise<void> {
    const name = `${verb}-${victim}-${++turn}`;
    const run = { id: `op-${name}`, what: await prepare(verb, name) };
    const at = 1 + Math.floor(part * (whole[verb] ?? 1));
    let over = false;
    const striking = start(verb, run, at, phase, victim).finally(() => {
      over = true;
    });
    const programDied = victim === "program" ? await killProgram(run.id, () => over, part * 15) : false;
    const ended = await striking;
    const serverDied = ended.struck;
    if (serverDied) {
      while (processes.alive(daemon.process)) await pause();
      daemon = await server.startAgain();
    }
    if (ended.died || serverDied || programDied)
      count[`${victim} in a ${verb}`] = (count[`${victim} in a ${verb}`] ?? 0) + 1;
    await reap(run.id);
    if (verb === "backup") await checkBackup(run, name);
    else await checkRestore(verb, run, name);
  }

  /** As the engine does before it takes a step up again. */
  async function reap(opId: string): Promise<void> {
    for (const one of await processes.find("LASTGOOD_OP", opId)) processes.signal(one, "SIGKILL");
  }

  async function checkBackup({ id }: Run, name: string): Promise<void> {
    expect(await site.orders(), name).toBe("20");
    const again = good(await backUp(site.context({ keep: 1_000 }), { ...op("x"), id }, name));
    expect(again.rows, name).toEqual({ orders: 20 });
    expect(good(await backUp(site.context({ keep: 1_000 }), { ...op("x"), id }, name))).toEqual(again);
    expect(readdirSync(site.config.backupDir).filter((file) => /\.tmp$|\.pgpass/.test(file))).toEqual([]);
  }

  async function checkRestore(verb: Verb, { id, what }: Run, name: string): Promise<void> {
    const [old = "", fresh = ""] = answers(verb);
    const isNew = good(await marker(site.context())) === id;
    expect(await site.orders(), name).toBe(isNew ? fresh : old);
    good(await settle(site.context()));
    const settled = await site.names();
    good(await settle(site.context()));
    expect(await site.names(), name).toEqual(settled);
    const again = restore(site.context(), { ...op("x"), id }, what, { sessions: "end" });
    const { kept } = good(await again);
    expect(await site.orders(), name).toBe(fresh);
    if (verb === "restore")
      good(await restore(site.context(), op(`${name}-back`), kept, { sessions: "end" }));
    expect(await site.orders(), name).toBe("20");
    const left = (await site.names()).filter((one) => one !== site.database);
    expect(left.length, left.join()).toBe(1);
    for (const one of left) await server.psql(`DROP DATABASE "${one.replace(" (shut)", "")}"`);
  }

  test(
    "each time all-old or all-new, nothing lost, and a second recovery finds nothing to do",
    async () => {
      site = await shop(server);
      // Whole runs first, to know where there is something to kill.
      for (const verb of ["backup", "restore", "undo"] as const) {
        const name = `${verb}-whole`;
        const run = { id: `op-${name}`, what: await prepare(verb, name) };
        const ended = await start(verb, run, 0, "before", "controller");
        expect(ended.ok).toBe(true);
        whole[verb] = ended.acts;
        if (verb === "backup") await checkBackup(run, name);
        else await checkRestore(verb, run, name);
      }
      expect(whole.backup).toBeGreaterThan(5);
      expect(whole.restore).toBeGreaterThan(20);
      expect(whole.undo).toBeGreaterThan(6);
      for (const one of casesOf(kills)) await oneKill(one);
      console.log(`kills: ${JSON.stringify(count)} (seed ${seed})`);
      const hits = Object.values(count).reduce((sum, n) => sum + n, 0);
      expect(hits).toBeGreaterThanOrEqual(Math.floor(kills * 0.7));
    },
    limitMs,
  );
});

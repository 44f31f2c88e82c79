// A controller's process that does one thing to a database, and kills itself, the server, or a program that it started.
// argv: what is wanted, as JSON. Its last line says how it ended, how many acts there were, and how long programs took.
import { readFileSync, writeSync } from "node:fs";
import { basename, join } from "node:path";
import type { Result } from "../../../../src/core/result.ts";
import { pickAll } from "../../../../src/core/salvage/verdict.ts";
import { secret } from "../../../../src/core/secret.ts";
import { backUp } from "../../../../src/drivers/database/postgres/back-up.ts";
import { copies } from "../../../../src/drivers/database/postgres/copy.ts";
import { openContext } from "../../../../src/drivers/database/postgres/open.ts";
import { prepareRestore, restore } from "../../../../src/drivers/database/postgres/restore/run.ts";
import { postgresSalvage } from "../../../../src/drivers/database/postgres/salvage/salvage.ts";
import { migrations } from "../../../../src/drivers/migrations/migrations.ts";
import { type Fault, watched } from "./crashing-sql.ts";
import { realDeps } from "./real-deps.ts";

export type Errand = {
  readonly url: string;
  readonly backupDir: string;
  readonly verb: "backup" | "prepare" | "restore" | "salvage" | "plan" | "down";
  readonly op: string;
  /** Label of the backup, id of what is restored or looked at, or the migration that goes down. */
  readonly what: string;
  /** 0: never. */
  readonly at: number;
  readonly phase: Fault;
  /** Whom to kill at that act: null for itself, else the server's first process, with all its others. */
  readonly server: number | null;
  /** Instead: the n-th program, from 0, so long after it began. */
  readonly program: { readonly nth: number; readonly afterMs: number } | null;
};

export type Ended = {
  readonly ok: boolean;
  readonly acts: number;
  readonly programs: readonly number[];
  readonly why: string | null;
};

const errand = JSON.parse(process.argv[2] ?? "") as Errand;
const { url, backupDir, verb, what } = errand;
const looksOnly = verb === "plan";
let acts = 0;
const programs: number[] = [];
let begun = 0;
const real = realDeps();
const deps = watched(
  real,
  async (name, phase) => {
    const isProgram = basename(name).startsWith("pg_");
    if (isProgram && phase === "before") begun = performance.now();
    if (isProgram && phase === "before" && errand.program?.nth === programs.length)
      strike(errand.program.afterMs);
    if (isProgram && phase === "after") programs.push(performance.now() - begun);
    if (phase === "before") acts++;
    if (acts !== errand.at || phase !== errand.phase) return;
    if (errand.server === null) process.kill(process.pid, "SIGKILL");
    else killServer(errand.server);
  },
  looksOnly,
);
const config = { url: secret(url), adminUrl: null, container: null, backupDir, keep: 1_000 };
const opened = openContext(config, deps);
if (!opened.ok) throw new Error(opened.error.what);
const context = opened.value;
const op = { id: errand.op, epoch: 1, signal: new AbortController().signal };
process.stdout.write("begun\n");
const done = await work();
const ended: Ended = { ok: done.ok, acts, programs, why: done.ok ? null : done.error.what };
process.stdout.write(`${JSON.stringify(ended)}\n`);
process.exit(0);

function work(): Promise<Result<unknown>> {
  switch (verb) {
    case "backup":
      return backUp(context, op, what);
    case "prepare":
      return prepareRestore(context, op, what);
    case "restore":
      return restore(context, op, what, { sessions: "end" });
    case "salvage":
      return postgresSalvage(context).replay(op, { id: what, from: null }, pickAll);
    case "plan":
      return postgresSalvage(context).since(what);
    case "down": {
      const folders = { folder: join(backupDir, "..", "migrations"), kept: join(backupDir, "..", "ways") };
      const tools = { sql: context.app, files: context.files, clock: context.clock, copy: copies(context) };
      return migrations({ tool: "sql", table: null, ...folders }, tools).down(op, [what]);
    }
  }
}

/** A program that has ended by then is not struck: nothing is said of it. */
function strike(afterMs: number): void {
  const [pid] = childrenOf(process.pid);
  if (pid === undefined) return void setTimeout(strike, 0, afterMs);
  setTimeout(() => {
    try {
      if (/\) [^ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8")) && process.kill(pid, "SIGKILL"))
        writeSync(1, "struck\n");
    } catch {} // ended by itself
  }, afterMs);
}

/** All at once, as a machine that loses them: first the one that would start others. */
function killServer(first: number): void {
  writeSync(1, "struck\n");
  for (const pid of [first, ...childrenOf(first)]) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {} // ended by itself meanwhile
  }
}

function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return text.split(" ").filter(Boolean).map(Number);
}

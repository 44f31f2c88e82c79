// A SQLite database in a temp folder with a real app process on it.
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { Problem, Result } from "../../../src/core/result.ts";
import type { SqliteDeps } from "../../../src/drivers/database/sqlite/sqlite.ts";
import { sqliteDatabase } from "../../../src/drivers/database/sqlite/sqlite.ts";
import { systemClock } from "../../../src/os/clock.ts";
import { localFiles } from "../../../src/os/files.ts";
import { fileSwap, openedBy } from "../../../src/os/open-files.ts";
import type { Op } from "../../../src/ports/op.ts";
import type { DatabaseBed } from "../../../src/testing/contracts/database.ts";
import { tempFolder } from "../../os/temp-folder.ts";

export type App = {
  readonly pid: number;
  ask(message: { do: string; rows?: number; sql?: string }): Promise<unknown>;
  stop(): Promise<void>;
  kill(): Promise<void>;
};

export type Modes = { readonly journal?: string; readonly locking?: string };

/** Started and ready; ended with the test whatever happens. */
export async function startApp(
  file: string,
  { journal = "wal", locking = "normal" }: Modes = {},
): Promise<App> {
  const path = fileURLToPath(new URL("./app.ts", import.meta.url));
  const child = fork(path, [file, journal, locking], {
    execArgv: [],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const exited = once(child, "exit");
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
  };
  onTestFinished(() => end("SIGKILL"));
  const reply = async () => {
    const [message] = (await once(child, "message")) as [{ value?: unknown; error?: string }];
    if (message.error !== undefined) throw new Error(message.error);
    return message.value;
  };
  await reply();
  const ask: App["ask"] = async (message) => {
    const answered = reply();
    child.send(message);
    return answered;
  };
  return {
    pid: child.pid ?? 0,
    ask,
    kill: () => end("SIGKILL"),
    async stop() {
      await ask({ do: "close" });
      child.disconnect();
      await exited;
    },
  };
}

export type Site = Awaited<ReturnType<typeof makeSite>>;

/** Paths and a driver factory in a fresh folder. Nothing runs, no database is there yet. */
export async function makeSite() {
  const folder = await tempFolder();
  const file = join(folder, "app.db");
  const backupDir = join(folder, "backups");
  const deps: SqliteDeps = { files: localFiles(), swap: fileSwap(), clock: systemClock(), openedBy };
  const openWith = (parts: SqliteDeps, keep = 5) => sqliteDatabase({ file, backupDir, keep }, parts);
  const open = (change: Partial<SqliteDeps> = {}, keep = 5) => openWith({ ...deps, ...change }, keep);
  return { folder, file, backupDir, deps, open, openWith };
}

export function op(name: string, epoch = 1): Op {
  return { id: `op-${name}`, epoch, signal: new AbortController().signal };
}

export async function makeBed(modes: Modes = {}): Promise<DatabaseBed> {
  const site = await makeSite();
  let app = await startApp(site.file, modes);
  return {
    database: site.open(),
    again: async () => site.open(),
    op,
    write: async (rows) => void (await app.ask({ do: "write", rows })),
    rows: async () => Number(await app.ask({ do: "query", sql: "SELECT count(*) FROM orders" })),
    stopApp: () => app.stop(),
    startApp: async () => {
      app = await startApp(site.file, modes);
    },
  };
}

/** One statement or more through a connection that is closed again. */
export function sql(file: string, text: string): void {
  const db = new DatabaseSync(file);
  try {
    db.exec(text);
  } finally {
    db.close();
  }
}

/** The only value of a query, read without leaving anything beside the file. */
export function value(file: string, query: string): unknown {
  const db = new DatabaseSync(file);
  try {
    return Object.values(db.prepare(query).get() ?? {})[0];
  } finally {
    db.close();
  }
}

export function good<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.what}`);
  return result.value;
}

export function bad<T>(result: Result<T>): Problem {
  if (result.ok) throw new Error(`expected a failure, got ${JSON.stringify(result.value)}`);
  return result.error;
}

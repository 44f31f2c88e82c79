// Taking the live database so that nobody can write to it under the name that it is about to lose.
import type { DatabaseSync } from "node:sqlite";
import { ok, problem, type Result } from "../../../core/result.ts";
import { countRows } from "./content.ts";
import type { Context } from "./context.ts";
import { mayOpen, openWritable, single } from "./open.ts";
import { isBusy, isDamage, type SqliteFault, sqliteFault, sqliteProblem } from "./problem.ts";

/** A live database that is ours until `release`. */
export type Grip = {
  /** How the app had it: `wal`, `delete`, … */
  readonly journalMode: string;
  readonly rows: Readonly<Record<string, number>>;
  /** Why its rows could not be counted; null where they were. */
  readonly damage: string | null;
  /** Make it a single file in rollback-journal mode and let go, so that it can be read and hashed. */
  simplify(): Result<void>;
  /** Take it for good. False where somebody wrote since `simplify`. */
  hold(): Result<boolean>;
  release(): void;
};

/**
 * `damaged` where SQLite can't even lock it: then only a look at who has it open protects the swap.
 *
 * Why rollback-journal mode: a process that opened the file a moment before the swap keeps the old one open. In WAL
 * mode it would put its -wal under the live name, beside the NEW file, and the next reader would mix the two
 * (tried with SQLite 3.53.4: it does). In rollback-journal mode SQLite sees that its file was moved and refuses the
 * write (SQLITE_READONLY_DBMOVED). And the exclusive lock of that mode needs no file beside the database, so it can
 * be held across the rename, and nobody can change the mode back before.
 */
export async function grasp(context: Context, live: string): Promise<Result<Grip>> {
  const may = await mayOpen(context, live);
  if (!may.ok) return may;
  let db: DatabaseSync | undefined;
  try {
    db = openWritable(live);
    db.exec("PRAGMA locking_mode=EXCLUSIVE");
    db.exec("BEGIN EXCLUSIVE");
    db.exec("COMMIT"); // the lock stays: locking_mode
    return ok(gripOn(db, live));
  } catch (error) {
    db?.close();
    const fault = sqliteFault(error);
    if (fault === null) throw error;
    if (isBusy(fault)) return busy(context, live);
    return sqliteProblem(fault, `take ${live} exclusively`, live);
  }
}

/** `busy`, naming who has it open as far as can be seen. */
export async function busy(context: Context, live: string): Promise<Result<never>> {
  return inUse(live, (await context.openedBy?.(live)) ?? []);
}

export function inUse(live: string, pids: readonly number[]): Result<never> {
  const who = pids.length > 0 ? `process ${pids.join(", ")}` : "another process";
  return problem(
    "busy",
    `${who} has ${live} open`,
    "stop the app (and whatever else reads the file), then run again",
    live,
  );
}

function gripOn(db: DatabaseSync, live: string): Grip {
  const counted = count(db);
  let version: number | null = null;
  return {
    journalMode: String(single(db, "PRAGMA journal_mode")),
    ...counted,
    simplify: () =>
      guarded(live, () => {
        if (single(db, "PRAGMA journal_mode=DELETE") !== "delete")
          return problem(
            "failed",
            `SQLite does not let ${live} leave WAL mode`,
            "look at the file system",
            live,
          );
        db.exec("PRAGMA locking_mode=NORMAL");
        db.prepare("SELECT 1 FROM sqlite_schema").get(); // only now the lock goes
        version = Number(single(db, "PRAGMA data_version"));
        return ok(undefined);
      }),
    hold: () =>
      guarded(live, () => {
        db.exec("BEGIN EXCLUSIVE");
        return ok(Number(single(db, "PRAGMA data_version")) === version);
      }),
    release: () => {
      if (!db.isOpen) return;
      if (db.isTransaction) db.exec("ROLLBACK");
      db.close();
    },
  };
}

function count(db: DatabaseSync): Pick<Grip, "rows" | "damage"> {
  try {
    return { rows: countRows(db), damage: null };
  } catch (error) {
    const fault = sqliteFault(error);
    if (!isDamage(fault)) throw error;
    return { rows: {}, damage: (fault as SqliteFault).message };
  }
}

function guarded<T>(live: string, work: () => Result<T>): Result<T> {
  try {
    return work();
  } catch (error) {
    const fault = sqliteFault(error);
    if (fault === null) throw error;
    return sqliteProblem(fault, `take ${live} exclusively`, live);
  }
}

// From the config's `database`, `backups` and `integrity` to the driver, and to what use cases about backups need.
import { basename } from "node:path";
import type { BackupDesk } from "../app/backup-desk.ts";
import type { Environment } from "../config/schema.ts";
import type { Retention } from "../core/backups/retention.ts";
import type { Every } from "../core/backups/schedule.ts";
import { ok } from "../core/result.ts";
import type { Progressed } from "../core/view/progress.ts";
import type { Past } from "../drivers/database/postgres/context.ts";
import type { WithCopy } from "../drivers/database/postgres/copy.ts";
import { sqliteWithCare } from "../drivers/database/sqlite/sqlite.ts";
import type { Database } from "../ports/database.ts";
import type { Tell } from "../ports/progress.ts";
import type { SqlClient } from "../ports/sql.ts";
import type { Machine } from "./machine.ts";
import { postgresOf } from "./postgres.ts";
import { secondPlaceOf } from "./second-place.ts";
import { holdMsOf } from "./settings.ts";
import type { Places } from "./wiring.ts";

type Stored = {
  readonly database: Database;
  readonly backups: BackupDesk;
  readonly sql: SqlClient | null;
  readonly copy: WithCopy | null;
};
type Driver = Pick<BackupDesk, "name" | "care" | "salvage" | "pointInTime"> & {
  readonly database: Database;
  readonly sql?: SqlClient;
  readonly copy?: WithCopy;
};

/** Null where the environment has no database. */
export function databaseOf(
  section: Environment,
  places: Places & { readonly state: string },
  machine: Machine,
  past: Past | null,
): Stored | null {
  if (!section.database) return null;
  const board = progressBoard();
  const made = driverOf(section, section.database, { places, machine, past, tell: board.tell });
  const { database, care, name, salvage, pointInTime, sql = null, copy = null } = made;
  const keep = section.database.keepBackups;
  const { backups, integrity } = section;
  return {
    database,
    sql,
    copy,
    backups: {
      name,
      care,
      ...(salvage ? { salvage } : {}),
      ...(pointInTime ? { pointInTime } : {}),
      assertions: integrity.map(({ name: called, sql, ...expect }) => ({ name: called, sql, expect })),
      backups: backups ? everyOf(backups) : null,
      drills: backups ? everyOf(backups.drill) : null,
      second: backups?.second
        ? secondPlaceOf(backups.second, {
            ...{ machine, tell: board.tell, state: places.state, backupDir: places.backups },
            keep: { newest: keep, ...backups.keep },
          })
        : null,
      bare: isBare(section),
      keptUntil: `until ${keep} newer ones are kept`,
      listen: board.listen,
    },
  };
}

type Wires = {
  readonly places: Places;
  readonly machine: Machine;
  readonly past: Past | null;
  readonly tell: Tell;
};

function driverOf(
  section: Environment,
  chosen: NonNullable<Environment["database"]>,
  { places, machine, past, tell }: Wires,
): Driver {
  const { files, clock, openedBy, swap } = machine;
  const backupDir = places.backups;
  const also = alsoKept(section);
  if (chosen.kind === "postgres")
    return postgresWith(chosen, {
      ...{ machine, backupDir, also, stack: section.stack, tell, past },
      holdMs: holdMsOf(section),
    });
  const { file, keepBackups } = chosen;
  const made = sqliteWithCare(
    { file, backupDir, keep: keepBackups, also },
    { files, clock, openedBy, swap, tell },
  );
  return { ...made, name: async () => ok(basename(file)) };
}

/** What is not set up is not offered. */
function postgresWith(
  chosen: Parameters<typeof postgresOf>[0],
  wires: Parameters<typeof postgresOf>[1],
): Driver {
  const { pointInTime, ...driver } = postgresOf(chosen, wires);
  const wanted = chosen.pointInTime !== undefined || chosen.clones !== undefined;
  return wanted ? { ...driver, pointInTime } : driver;
}

/** Only PostgreSQL's can be closed before they go. */
function isBare({ backups, database }: Environment): boolean {
  if (backups?.second === undefined || backups.second.kind === "folder") return false;
  return database?.kind !== "postgres" || database.encryptionKeyFile === undefined;
}

/** Without a schedule, only the newest. */
function alsoKept({ backups }: Environment): Omit<Retention, "newest"> {
  return backups?.keep ?? { daily: 0, weekly: 0, monthly: 0 };
}

/** `at` in minutes after midnight. */
type When = { readonly every: { readonly ms: number }; readonly at?: number | undefined };

function everyOf({ every, at }: When): Every {
  return { everyMs: every.ms, atMs: at === undefined ? null : at * 60_000 };
}

/** Whoever shows progress listens; where nobody does, it is not kept. */
function progressBoard(): { readonly tell: Tell; readonly listen: BackupDesk["listen"] } {
  const listeners = new Set<(progressed: Progressed) => void>();
  return {
    tell: (progressed) => {
      for (const listener of listeners) listener(progressed);
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

// When databases changed places: kept beside the backups, because the server forgets it with the way back.
import { join } from "node:path";
import { z } from "zod";
import { ok, problem, type Result } from "../../../../core/result.ts";
import { parseSnapshot } from "../../../../core/salvage/snapshot.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import type { Context } from "../context.ts";
import { readComment } from "../swap/marker.ts";
import { rowsOf } from "./ask.ts";

const momentSchema = z.object({
  /** Of the restore that changed their places. */
  op: z.string(),
  /** Oids: what was replaced, and what took its place. */
  kept: z.string(),
  live: z.string(),
  /** As `pg_current_snapshot()` had it: rows that are not visible in it were written after the exchange. */
  at: z.string(),
});

export type Moment = z.infer<typeof momentSchema>;

/** More exchanges than anybody goes back through. */
const MOMENTS_MAX = 200;

/**
 * The exchange made the kept database read-only in its own transaction, so that setting's row carries the number of
 * it. Nobody could write while it lasted: every younger number is a write into what took the place.
 */
const kept = `SELECT d.oid, shobj_description(d.oid, 'pg_database') AS comment,
    (SELECT s.xmin::text FROM pg_catalog.pg_db_role_setting s WHERE s.setdatabase = d.oid AND s.setrole = 0) AS xid,
    (SELECT l.oid FROM pg_catalog.pg_database l WHERE l.datname = $1) AS live,
    (SELECT shobj_description(l.oid, 'pg_database') FROM pg_catalog.pg_database l WHERE l.datname = $1) AS live_comment,
    pg_current_snapshot()::text AS now
  FROM pg_catalog.pg_database d`;

/** Reads those that the server still knows, and writes down what is new. All that are known, oldest first. */
export async function noteMoments(context: Context, session: SqlSession): Promise<Result<readonly Moment[]>> {
  const known = await readMoments(context);
  if (!known.ok) return known;
  const asked = await rowsOf(session, kept, [context.database]);
  if (!asked.ok) return asked;
  const fresh: Moment[] = [];
  for (const row of asked.value) {
    const oid = row["oid"] ?? "";
    const mark = readComment(row["comment"] ?? null, oid).mark?.kept;
    const live = readComment(row["live_comment"] ?? null, row["live"] ?? "").mark;
    const at = momentAt(row["xid"] ?? null, row["now"] ?? "");
    if (mark?.of !== context.database || at === null || live?.applied.at(-1) !== mark.op) continue;
    if (known.value.some((one) => one.op === mark.op)) continue;
    fresh.push({ op: mark.op, kept: oid, live: row["live"] ?? "", at });
  }
  if (fresh.length === 0) return known;
  const all = [...known.value, ...fresh].slice(-MOMENTS_MAX);
  const written = await context.files.replace(pathOf(context), `${JSON.stringify(all)}\n`, 0o600);
  return written.ok ? ok(all) : written;
}

/** The 32 bits of a row's transaction as a whole number, counted back from now. */
function momentAt(xid: string | null, now: string): string | null {
  const snapshot = parseSnapshot(now);
  if (xid === null || snapshot === null) return null;
  const low = BigInt(xid);
  const age = (snapshot.xmax - low) & 0xffff_ffffn;
  const next = snapshot.xmax - age + 1n;
  return `${next}:${next}:`;
}

async function readMoments(context: Context): Promise<Result<readonly Moment[]>> {
  const path = pathOf(context);
  const read = await context.files.read(path);
  if (!read.ok) return read.error.code === "missing" ? ok([]) : read;
  try {
    const parsed = z.array(momentSchema).safeParse(JSON.parse(read.value.toString("utf8")));
    if (parsed.success) return ok(parsed.data);
  } catch {
    // said below
  }
  return problem("damaged", `${path} is not what we wrote`, "take it out of the folder", path);
}

function pathOf({ config }: Context): string {
  return join(config.backupDir, ".exchanges.json");
}

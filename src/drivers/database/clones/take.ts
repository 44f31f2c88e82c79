// A base backup by clones: the server goes on, and every file shares its blocks with the live one until one is written.
import { join } from "node:path";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import type { SqlRow, SqlSession } from "../../../ports/sql.ts";
import type { Archive } from "../pgbackrest/archive.ts";
import { fileSafe } from "../postgres/back-up.ts";
import { whyNotCloned } from "../postgres/copies/clone-look.ts";
import { noteMeasured } from "../postgres/copies/measured.ts";
import { dataFolder } from "../postgres/copies/room.ts";
import { passEpoch } from "../postgres/epoch.ts";
import { rowsOf } from "../postgres/rows.ts";
import { atDesk } from "../postgres/swap/entry.ts";
import { type Clone, cloneFolder, clonesThere, noteClone, owned, sweepClones } from "./shelf.ts";

/** The first version with the short names, and without the exclusive way. */
const SHORT_NAMES = 150_000;
/** Of files that the server removed while they were listed: their end is in the WAL. */
const VANISHED = /No such file or directory$/;

/** Convergent by its op. `refused` with the reason where the server can't be cloned. */
export async function takeClone(
  archive: Archive,
  op: Op,
  label: string,
  keep: number,
): Promise<Result<Clone>> {
  const passed = await passEpoch(archive.context, op);
  if (!passed.ok) return passed;
  const there = await clonesThere(archive);
  if (!there.ok) return there;
  const before = there.value.find((one) => one.op === op.id);
  if (before) return ok(before);
  const swept = await sweepClones(archive, keep);
  if (!swept.ok) return swept;
  const began = archive.context.clock.elapsed();
  const name = `${fileSafe(label)}-${op.id}`;
  const made = await atDesk(archive.context, (session) => cloneOf(archive, session, name));
  if (!made.ok) return made;
  const { clock } = archive.context;
  const ms = Math.round(clock.elapsed() - began);
  const clone = { name, op: op.id, at: clock.now(), ...made.value, ms };
  const noted = await noteClone(archive, clone);
  if (!noted.ok) return noted;
  await noteMeasured(archive.context, { clone: { ms, at: clock.now() } });
  await sweepClones(archive, keep); // what could not be removed now is tried again by the next one
  return ok({ lastgood: "clone", ...clone });
}

type Made = { readonly lsn: string; readonly bytes: number };

async function cloneOf(archive: Archive, session: SqlSession, name: string): Promise<Result<Made>> {
  const data = await clonable(archive, session);
  if (!data.ok) return data;
  const version = await rowsOf(session, "SELECT current_setting('server_version_num') AS version");
  if (!version.ok) return version;
  const short = Number(version.value[0]?.["version"]) >= SHORT_NAMES;
  const start = short
    ? "SELECT pg_backup_start('lastgood', true) AS lsn"
    : "SELECT pg_start_backup('lastgood', true, false) AS lsn";
  const begun = await rowsOf(session, start);
  if (!begun.ok) return begun;
  const copy = join(cloneFolder(archive, name), "data");
  const cloned = await cloneFiles(archive, data.value, copy);
  // Ended in any case: the session's own end would do it too, and this says where the WAL stands.
  const stop = short ? "pg_backup_stop(false)" : "pg_stop_backup(false, false)";
  const ended = await rowsOf(
    session,
    `SELECT lsn, labelfile, pg_walfile_name($1::pg_lsn) AS first, pg_walfile_name(lsn - 1) AS last FROM ${stop}`,
    [begun.value[0]?.["lsn"] ?? null],
  );
  if (!cloned.ok) return cloned;
  if (!ended.ok) return ended;
  const whole = await withWal(archive, data.value, copy, ended.value[0] ?? {});
  if (!whole.ok) return whole;
  const size = await owned(archive, ["du", "-sb", copy]);
  return size.ok
    ? ok({ lsn: ended.value[0]?.["lsn"] ?? "", bytes: Number(size.value.split("\t")[0]) })
    : size;
}

async function clonable(archive: Archive, session: SqlSession): Promise<Result<string>> {
  const { context, config } = archive;
  const data = await dataFolder(context, session);
  const refused = (why: string) =>
    problem("refused", `the server can't be cloned: ${why}`, "mend it, or take `clones` out of lastgood.yml");
  if (context.config.container !== null || data === null)
    return refused("its folder can't be seen from here (adminUrl needs pg_read_all_settings)");
  if (config.scratch === data || config.scratch.startsWith(`${data}/`))
    return refused(`${config.scratch} lies in the server's own folder`);
  const why = await whyNotCloned(context, data, config.scratch);
  if (why !== null) return refused(why);
  const apart = await owned(archive, ["ls", join(data, "pg_tblspc")]);
  if (!apart.ok) return apart;
  if (apart.value.trim() !== "") return refused("it has tablespaces outside of its folder");
  return ok(data);
}

/** Not those that belong to the running server, nor its WAL, which is taken when the copy is whole. */
async function cloneFiles(archive: Archive, data: string, copy: string): Promise<Result<void>> {
  const made = await owned(archive, ["mkdir", "-p", "-m", "700", join(copy, "..")]);
  if (!made.ok) return made;
  const vanished = (said: string) =>
    said
      .trim()
      .split("\n")
      .every((line) => VANISHED.test(line));
  const cloned = await owned(archive, ["cp", "-a", "--reflink=always", "--", data, copy], vanished);
  if (!cloned.ok) return cloned;
  const own = ["postmaster.pid", "postmaster.opts", "pg_wal", "pg_replslot", "pg_stat_tmp"];
  const removed = await owned(archive, ["rm", "-rf", "--", ...own.map((one) => join(copy, one))]);
  if (!removed.ok) return removed;
  const again = ["pg_replslot", "pg_stat_tmp"].map((one) => join(copy, one));
  const empty = await owned(archive, ["mkdir", "-m", "700", ...again]);
  return empty.ok ? ok(undefined) : empty;
}

/** Without the WAL of its own time a copy of files is of no moment at all. */
async function withWal(archive: Archive, data: string, copy: string, end: SqlRow): Promise<Result<void>> {
  const wal = join(copy, "pg_wal");
  const vanished = (said: string) =>
    said
      .trim()
      .split("\n")
      .every((line) => VANISHED.test(line));
  const cloned = await owned(
    archive,
    ["cp", "-a", "--reflink=always", "--", join(data, "pg_wal"), wal],
    vanished,
  );
  if (!cloned.ok) return cloned;
  const listed = await owned(archive, ["ls", wal]);
  if (!listed.ok) return listed;
  const there = new Set(listed.value.split("\n"));
  const missing = [end["first"], end["last"]].find((one) => !one || !there.has(one));
  if (missing !== undefined)
    return problem(
      "failed",
      `the server dropped WAL (${missing}) that its clone needs, before it was cloned`,
      "raise wal_keep_size on the server, then run again",
    );
  const label = join(copy, "backup_label");
  const written = await archive.context.files.replace(label, end["labelfile"] ?? "", 0o644);
  if (!written.ok) return written;
  const synced = await owned(archive, ["sync", "-f", copy]);
  return synced.ok ? ok(undefined) : synced;
}

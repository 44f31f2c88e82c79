// Gives a moment a name in the server's WAL, and waits until the archive has it: only then can it be gone back to.
import { sha256 } from "../../../core/digest.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import type { SqlSession } from "../../../ports/sql.ts";
import { fileSafe } from "../postgres/back-up.ts";
import { inSession, oneValue, rowsOf } from "../postgres/rows.ts";
import { DESK } from "../postgres/swap/entry.ts";
import type { Archive } from "./archive.ts";
import { typed } from "./backrest.ts";
import { lacks, refuseFor } from "./lacks.ts";
import { notePoint, readPoints } from "./points.ts";
import { lookAtStanza } from "./stanza.ts";

/** The server cuts no name: it refuses longer ones. */
const NAME_CHARS_MAX = 63;
const OP_CHARS = 30;
const LOOK_MS = 200;

/**
 * Convergent: the same op names one moment. Refused with what is missing, before anything is written. The WAL is the
 * whole server's: it is named from the desk, so that the right to it is not in the app's database and its dumps.
 */
export async function markPoint(archive: Archive, op: Op, label: string): Promise<Result<string>> {
  const missing = await lacks(archive);
  if (!missing.ok) return missing;
  const [first] = missing.value;
  if (first !== undefined) return refuseFor(first);
  return inSession(archive.context.admin, DESK, async (session) => {
    const point = await setOnce(archive, session, op, label);
    if (!point.ok) return point;
    const archived = await untilArchived(archive, session, { lsn: point.value.lsn, signal: op.signal });
    return archived.ok ? ok(point.value.name) : archived;
  });
}

type Marked = { readonly name: string; readonly lsn: string };

async function setOnce(
  archive: Archive,
  session: SqlSession,
  op: Op,
  label: string,
): Promise<Result<Marked>> {
  const known = await readPoints(archive);
  if (!known.ok) return known;
  const before = known.value.find((one) => one.op === op.id);
  if (before) {
    // An archiver that rests after failures is woken by the next whole segment.
    const written = await session.query("SELECT pg_current_xact_id()");
    return written.ok ? ok(before) : written;
  }
  const name = pointName(label, op.id);
  const at = archive.context.clock.now();
  const set = await oneValue(session, "SELECT pg_create_restore_point($1)", [name]);
  if (!set.ok) return set;
  const lsn = set.value ?? "";
  const stanza = await lookAtStanza(archive);
  if (!stanza.ok) return stanza;
  const oldest = stanza.value.sets.at(-1)?.stopLsn ?? null;
  const noted = await notePoint(archive, { name, op: op.id, at, lsn }, oldest);
  return noted.ok ? ok({ name, lsn }) : noted;
}

/** `<label>-<op>`, as the backup of the same op is called, as long as that fits. */
export function pointName(label: string, op: string): string {
  const end = op.length <= OP_CHARS ? op : sha256(op).slice(0, OP_CHARS);
  return `${fileSafe(label).slice(0, NAME_CHARS_MAX - end.length - 1)}-${end}`;
}

type Until = { readonly lsn: string; readonly signal?: AbortSignal };

/**
 * The server says when its command took the segment; the archive is asked as well, because a command can say yes and
 * put it elsewhere, or nowhere.
 */
export async function untilArchived(
  archive: Archive,
  session: SqlSession,
  { lsn, signal }: Until,
): Promise<Result<void>> {
  const { clock } = archive.context;
  const until = clock.elapsed() + archive.config.archiveWithinMs;
  const named = await oneValue(session, "SELECT pg_walfile_name($1::pg_lsn)", [lsn]);
  if (!named.ok) return named;
  const segment = named.value ?? "";
  const switched = await session.query("SELECT pg_switch_wal()");
  if (!switched.ok) return switched;
  for (;;) {
    if (signal?.aborted)
      return problem("cancelled", "called off while WAL was archived", "run again if it is still wanted");
    const pushed = await pushedTo(session, segment);
    if (!pushed.ok) return pushed;
    const stanza = pushed.value.done ? await lookAtStanza(archive) : null;
    if (stanza !== null && !stanza.ok) return stanza;
    if (stanza?.value.newestWal.some((newest) => newest >= segment)) return ok(undefined);
    if (clock.elapsed() >= until) return notArchived(archive, segment, pushed.value);
    await clock.sleep(LOOK_MS, signal);
  }
}

type Pushed = { readonly done: boolean; readonly failed: string | null };

/** Names of segments are ordered as they were written; a history file, whose name is not, says nothing here. */
async function pushedTo(session: SqlSession, segment: string): Promise<Result<Pushed>> {
  const asked = await rowsOf(
    session,
    `SELECT last_archived_wal AS last, last_failed_wal AS failed,
       last_failed_time > coalesce(last_archived_time, '-infinity') AS failing FROM pg_stat_archiver`,
  );
  if (!asked.ok) return asked;
  const { last = null, failed = null, failing } = asked.value[0] ?? {};
  const done = last !== null && !last.endsWith(".history") && last >= segment;
  return ok({ done, failed: failing === "t" ? failed : null });
}

function notArchived(archive: Archive, segment: string, { done, failed }: Pushed): Result<never> {
  const { stanza, archiveWithinMs } = archive.config;
  const why = done
    ? "the server's archive_command says it did, but does not push to this stanza"
    : failed === null
      ? "the server's archiver has not come to it yet"
      : `the server's archive_command fails, last for ${failed}`;
  return problem(
    "refused",
    `the WAL ${segment} was not in the archive of ${stanza} within ${Math.round(archiveWithinMs / 1_000)} s: ${why}`,
    `look into the server's log, then: ${typed(archive, "check")}. Without it there is no going back to this moment`,
    stanza,
  );
}

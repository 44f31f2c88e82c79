// How fast does this server copy a database? Tried on a small one of ours, beside the live one, which goes on.
import { ok, type Result } from "../../../../core/result.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import type { Context } from "../context.ts";
import { databaseFacts } from "../facts.ts";
import { pointName } from "../names.ts";
import { createSide } from "../restore/create.ts";
import { inSession } from "../rows.ts";
import { readEntry } from "../swap/entry.ts";
import { dropSide } from "../swap/settle.ts";
import { copyBeside } from "./beside.ts";
import { noteMeasured, readMeasured } from "./measured.ts";
import { forgetNote, noteCopy, settleCopies } from "./notes.ts";
import { lacksRoom } from "./room.ts";

/** As large as the database, within these: a small one is copied in the time that every copy takes. */
const [TRIAL_BYTES_MIN, TRIAL_BYTES_MAX] = [1024 * 1024, 64 * 1024 * 1024];
const ROW_BYTES = 1_024;
const FRESH_MS = 7 * 86_400_000;
const TRIAL_MS = 60_000;
const [FROM, TO] = ["trial", "trial-to"] as const;

/**
 * Needs the lock. Where copies are wanted and nothing fresh is known. Its checkpoint also writes out what a copy would else have to wait
 * for. What fails leaves the speed unknown, and then no copy is taken: no reason to fail a backup.
 */
export async function measureSpeed(context: Context, desk: SqlSession): Promise<void> {
  if (!context.config.copies) return;
  const { copy } = await readMeasured(context);
  if (copy !== null && context.clock.now() - copy.at < FRESH_MS) return;
  const measured = await trial(context, desk);
  await settleCopies(context, desk);
  if (measured.ok && measured.value !== null)
    await noteMeasured(context, { copy: { ...measured.value, at: context.clock.now() } });
}

type Tried = { readonly bytes: number; readonly ms: number };

/** Null where there is no room to try. */
async function trial(context: Context, desk: SqlSession): Promise<Result<Tried | null>> {
  const swept = await settleCopies(context, desk);
  if (!swept.ok) return swept;
  const facts = await databaseFacts(desk, context.database);
  if (!facts.ok) return facts;
  const bytes = Math.min(TRIAL_BYTES_MAX, Math.max(TRIAL_BYTES_MIN, facts.value.sizeBytes));
  if ((await lacksRoom(context, desk, 3 * bytes)) !== null) return ok(null);
  const [from, to] = [pointName(context.database, FROM), pointName(context.database, TO)];
  for (const [op, name] of [
    [FROM, from],
    [TO, to],
  ] as const) {
    const taken = await readEntry(desk, name);
    if (!taken.ok) return taken;
    if (taken.value !== null) return ok(null); // somebody else's
    const noted = await noteCopy(context, op, name);
    if (!noted.ok) return noted;
  }
  const made = await createSide(desk, from, facts.value);
  const filled = made.ok ? await fill(context, from, bytes) : made;
  const began = context.clock.elapsed();
  const copied = filled.ok
    ? await copyBeside(desk, { name: to, template: from, owner: facts.value.owner }, TRIAL_MS)
    : filled;
  const ms = Math.round(context.clock.elapsed() - began);
  for (const [op, name] of [
    [TO, to],
    [FROM, from],
  ] as const) {
    const dropped = await dropSide(desk, name);
    if (dropped.ok) await forgetNote(context, op);
  }
  return copied.ok ? ok({ bytes, ms }) : copied;
}

function fill(context: Context, name: string, bytes: number): Promise<Result<void>> {
  return inSession(context.admin, name, async (session) => {
    const filled = await session.query(
      `CREATE SCHEMA lastgood_trial; CREATE TABLE lastgood_trial.rows AS SELECT repeat(md5(g::text), ${ROW_BYTES / 32}) AS row
         FROM generate_series(1, ${Math.floor(bytes / ROW_BYTES)}) g`,
    );
    return filled.ok ? ok(undefined) : filled;
  });
}

// A database of our own for a while: beside the live one, shut to others, and gone afterwards, also after a crash.
import { join } from "node:path";
import { z } from "zod";
import { parseJson } from "../../../core/json.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { SqlSession } from "../../../ports/sql.ts";
import type { Context } from "./context.ts";
import type { DatabaseFacts } from "./manifest.ts";
import { drillName } from "./names.ts";
import { createSide } from "./restore/create.ts";
import { atDesk, readEntry } from "./swap/entry.ts";
import { dropSide } from "./swap/settle.ts";

const NOTE = /^\.scratch-[a-z]+\.json$/;
const noteSchema = z.object({ name: z.string().min(1) });

export type Scratch = {
  /** One of each purpose exists at a time. */
  readonly purpose: "drill" | "intake" | "migrations";
  /** Encoding, locale and owner are as of this one. */
  readonly facts: DatabaseFacts;
};

/** `began`: monotonic milliseconds just before it was made. */
export async function withScratch<T>(
  context: Context,
  desk: SqlSession,
  { purpose, facts }: Scratch,
  work: (name: string, began: number) => Promise<Result<T>>,
): Promise<Result<T>> {
  const note = join(context.config.backupDir, `.scratch-${purpose}.json`);
  const swept = await sweep(context, desk, note);
  if (!swept.ok) return swept;
  const name = drillName(context.database, purpose);
  const taken = await readEntry(desk, name);
  if (!taken.ok) return taken;
  if (taken.value !== null)
    return problem("conflict", `the server has a database ${name} already`, "rename or drop it", name);
  const noted = await context.files.replace(note, JSON.stringify({ name }), 0o600);
  if (!noted.ok) return noted;
  const began = context.clock.elapsed();
  const created = await createSide(desk, name, facts);
  const done = created.ok ? await work(name, began) : created;
  const removed = await sweep(context, desk, note);
  return done.ok && !removed.ok ? removed : done;
}

/** What a dead controller left, of any purpose. Only while nobody of ours works on one. */
export async function sweepScratches(context: Context): Promise<Result<void>> {
  const listed = await context.files.list(context.config.backupDir);
  if (!listed.ok) return listed;
  const notes = listed.value.filter((file) => NOTE.test(file));
  if (notes.length === 0) return ok(undefined);
  return atDesk(context, async (desk) => {
    for (const note of notes) {
      const swept = await sweep(context, desk, join(context.config.backupDir, note));
      if (!swept.ok) return swept;
    }
    return ok(undefined);
  });
}

/** Only a database that our note names is ever dropped. */
async function sweep({ files }: Context, desk: SqlSession, note: string): Promise<Result<void>> {
  const read = await files.read(note);
  if (!read.ok) return read.error.code === "missing" ? ok(undefined) : read;
  const named = noteSchema.safeParse(parseJson(read.value.toString("utf8")));
  const dropped = named.success ? await dropSide(desk, named.data.name) : ok(undefined);
  return dropped.ok ? files.remove(note) : dropped;
}

// A copy of the live database beside it, to try things on that change it; gone afterwards, also after a crash.
import { join } from "node:path";
import type { Result } from "../../../core/result.ts";
import type { CopyPlace } from "../../../ports/database.ts";
import type { Op } from "../../../ports/op.ts";
import type { SqlClient, SqlSession } from "../../../ports/sql.ts";
import { makeTurns } from "../turns.ts";
import { TEMP } from "./back-up.ts";
import type { Context } from "./context.ts";
import { copyPlace, letIn } from "./copy-place.ts";
import { toolEnd } from "./dump.ts";
import { databaseFacts } from "./facts.ts";
import { load } from "./restore/load.ts";
import { optionsOf } from "./restore/options.ts";
import { roomFor } from "./room.ts";
import { withScratch } from "./scratch.ts";
import { atDesk } from "./swap/entry.ts";

const DUMP_MS = 30 * 60_000;
/** The dump, the copy, and what is tried in it. */
const TIMES_ITS_SIZE = 3;

export type Copy = {
  /** As the app's role. */
  readonly sql: SqlClient;
  readonly withRows: boolean;
  /** For sending a release there. */
  readonly place: CopyPlace;
};

export type WithCopy = <T>(
  op: Op,
  /** A larger database is copied without its rows. */
  maxBytes: number,
  work: (copy: Copy) => Promise<Result<T>>,
) => Promise<Result<T>>;

export function copies(context: Context): WithCopy {
  const turns = makeTurns();
  return (op, maxBytes, work) => turns(() => onCopy(context, { op, maxBytes }, work), op.signal);
}

type Wish = { readonly op: Op; readonly maxBytes: number };

function onCopy<T>(
  context: Context,
  { op, maxBytes }: Wish,
  work: (copy: Copy) => Promise<Result<T>>,
): Promise<Result<T>> {
  return atDesk(context, async (desk) => {
    const facts = await databaseFacts(desk, context.database);
    if (!facts.ok) return facts;
    const withRows = facts.value.sizeBytes <= maxBytes;
    const needed = withRows ? facts.value.sizeBytes * TIMES_ITS_SIZE : 0;
    return withScratch(context, desk, { purpose: "migrations", facts: facts.value }, async (name) => {
      const room = await roomFor(context, context.config.backupDir, needed, `a copy of ${context.database}`);
      if (!room.ok) return room;
      const filled = await fill(context, desk, { op, name, withRows });
      if (!filled.ok) return filled;
      const place = copyPlace(context, desk, name);
      return work({ sql: { connect: () => context.app.connect(name) }, withRows, place });
    });
  });
}

type Filling = { readonly op: Op; readonly name: string; readonly withRows: boolean };

async function fill(
  context: Context,
  desk: SqlSession,
  { op, name, withRows }: Filling,
): Promise<Result<void>> {
  const { backupDir } = context.config;
  // What a crash leaves of it, the next backup sweeps too: all rows are in it.
  const folder = join(backupDir, `.copy${TEMP}`);
  const swept = await context.files.remove(folder);
  if (!swept.ok) return swept;
  context.working.add(folder);
  const args = [
    "--format=directory",
    "--compress=1",
    "--no-password",
    `--file=${folder}`,
    ...(withRows ? [] : ["--schema-only"]),
  ];
  const call = { args, database: context.database, as: "admin", effect: "read", op: op.id } as const;
  const ran = await context.tools.run(
    "pg_dump",
    { ...call, timeoutMs: DUMP_MS, folder: backupDir },
    op.signal,
  );
  const dumped = ran.ok ? toolEnd("pg_dump", ran.value) : ran;
  const loaded = dumped.ok
    ? await load(context, desk, { op, into: name, from: folder, options: optionsOf(context) })
    : dumped;
  const removed = await context.files.remove(folder);
  context.working.delete(folder);
  if (!loaded.ok) return loaded;
  if (!removed.ok) return removed;
  return letIn(context, desk, name);
}

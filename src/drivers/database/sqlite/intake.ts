// A SQLite file from elsewhere becomes a backup of ours: known by its content, copied, and proved whole.
import { basename, join } from "node:path";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Backup } from "../../../ports/database.ts";
import type { Op } from "../../../ports/op.ts";
import { passEpoch } from "../epoch.ts";
import { alreadyWhole, fileSafe, prove } from "./back-up.ts";
import { type Context, epochPlace, presentLive, removeDatabase, roomFor } from "./context.ts";
import { backupOf, type Manifest } from "./manifest.ts";

const MAGIC = "SQLite format 3\0";
const HEAD_BYTES = 16;

export async function intake(context: Context, op: Op, path: string): Promise<Result<Backup>> {
  const fence = await passEpoch(epochPlace(context), op);
  if (!fence.ok) return fence;
  const live = await presentLive(context);
  if (!live.ok) return live;
  const fit = await isWholeFile(context, path);
  if (!fit.ok) return fit;
  const id = `${fileSafe(`from-${basename(path)}`)}-${op.id}`;
  const done = await alreadyWhole(context, live.value, id);
  if (!done.ok) return done;
  const manifest = done.value
    ? ok(done.value)
    : await copyAndProve(context, op, { live: live.value, path, id });
  return manifest.ok ? ok(backupOf(manifest.value)) : manifest;
}

/** By its content, never by its name. */
async function isWholeFile(context: Context, path: string): Promise<Result<number>> {
  const stat = await context.files.stat(path);
  if (!stat.ok) return stat;
  if (stat.value?.type !== "file")
    return problem("missing", `there is no file ${path}`, "Name a file, or an id of lastgood backup list.");
  const head = await context.files.read(path, { offset: 0, length: HEAD_BYTES });
  if (!head.ok) return head;
  if (head.value.toString("latin1") !== MAGIC) {
    const next = "This environment's database is a SQLite file; name a whole copy of one.";
    return problem("damaged", `${path} is no SQLite database`, next, path);
  }
  const wal = await context.files.stat(`${path}-wal`);
  if (!wal.ok) return wal;
  if (wal.value === null || wal.value.size === 0) return ok(stat.value.size);
  const what = `${path} has a -wal beside it: its newest rows are in there`;
  const next = `Bring them together first: sqlite3 ${basename(path)} "PRAGMA wal_checkpoint(TRUNCATE)"`;
  return problem("refused", what, next, path);
}

type Taking = { readonly live: string; readonly path: string; readonly id: string };

async function copyAndProve(context: Context, op: Op, { live, path, id }: Taking): Promise<Result<Manifest>> {
  const size = await isWholeFile(context, path);
  if (!size.ok) return size;
  const room = await roomFor(context, context.config.backupDir, size.value);
  if (!room.ok) return room;
  const owner = await context.swap.owner(live);
  if (!owner.ok) return owner;
  if (owner.value === null) return problem("missing", `${live} went away meanwhile`, "Say it again.", live);
  const part = join(context.config.backupDir, `${id}.sqlite.part`);
  const cleared = await removeDatabase(context, part);
  if (!cleared.ok) return cleared;
  const copied = await context.files.copy(path, part);
  if (!copied.ok) return copied;
  const at = context.clock.now();
  const made = await prove(context, op, {
    ...{ live, id, part, at },
    owner: owner.value.owner,
    journalMode: "delete",
  });
  // The live database is not to blame for what was wrong with the file.
  if (!made.ok) await removeDatabase(context, part);
  if (!made.ok && made.error.code === "damaged")
    return problem("damaged", `${path} is damaged: ${made.error.what}`, "Choose another backup.", path);
  return made;
}

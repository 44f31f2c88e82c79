// The highest epoch that changed this database, kept beside its backups: a lower one is refused.
import { join } from "node:path";
import { assert, ok, problem, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import type { Context } from "./context.ts";

/** `fenced` for an epoch lower than one that was seen; otherwise it is remembered. Makes the backup folder. */
export async function passEpoch({ files, config, database }: Context, op: Op): Promise<Result<void>> {
  assert(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(op.id), `op ${op.id} can't be part of a file name`);
  if (op.signal.aborted)
    return problem(
      "cancelled",
      "called off before the database was changed",
      "run again if it is still wanted",
    );
  const path = join(config.backupDir, ".epoch");
  const read = await files.read(path);
  if (!read.ok && read.error.code !== "missing") return read;
  const seen = read.ok ? Number(read.value.toString("utf8")) : -1;
  if (!Number.isFinite(seen))
    return problem(
      "damaged",
      `${path} is not a number`,
      "make sure that one controller runs, then remove it",
      path,
    );
  if (op.epoch < seen)
    return problem(
      "fenced",
      `epoch ${op.epoch} is over: the database has seen epoch ${seen}`,
      "another controller took over; stop this one",
      database,
    );
  return op.epoch === seen ? ok(undefined) : files.replace(path, String(op.epoch), 0o600);
}

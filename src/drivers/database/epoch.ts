// The highest epoch that changed a database, kept beside its backups: a lower one is refused.
import { join } from "node:path";
import { assert, ok, problem, type Result } from "../../core/result.ts";
import type { Files } from "../../ports/files.ts";
import type { Op } from "../../ports/op.ts";

export type EpochPlace = {
  readonly files: Files;
  readonly backupDir: string;
  /** What is changed, as a refusal names it. */
  readonly subject: string;
};

/** `fenced` for an epoch lower than one that was seen; otherwise it is remembered. Makes the backup folder. */
export async function passEpoch({ files, backupDir, subject }: EpochPlace, op: Op): Promise<Result<void>> {
  assert(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(op.id), `op ${op.id} can't be part of a file name`);
  const path = join(backupDir, ".epoch");
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
      subject,
    );
  return op.epoch === seen ? ok(undefined) : files.replace(path, String(op.epoch), 0o600);
}

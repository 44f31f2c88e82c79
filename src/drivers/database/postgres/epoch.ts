// Whether an op may change this database at all: it is still wanted, and no newer controller has been here.
import { problem, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import { passEpoch as passBeside } from "../epoch.ts";
import type { Context } from "./context.ts";

/** `cancelled` or `fenced`; otherwise the epoch is remembered. */
export async function passEpoch({ files, config, database }: Context, op: Op): Promise<Result<void>> {
  if (op.signal.aborted)
    return problem(
      "cancelled",
      "called off before the database was changed",
      "run again if it is still wanted",
    );
  return passBeside({ files, backupDir: config.backupDir, subject: database }, op);
}

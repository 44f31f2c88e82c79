// The highest epoch that acted here. Who comes with a lower one is a controller of the past.
import { z } from "zod";
import { parseJson } from "../../../core/json.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Files } from "../../../ports/files.ts";
import type { Op } from "../../../ports/op.ts";
import type { Locks } from "./locks.ts";

const fenceFile = z.strictObject({ epoch: z.number().int() });

export type Fence = {
  /** Before acting: `fenced` on a lower epoch; a higher one is on the disk when this returns. */
  admit(op: Op): Promise<Result<void>>;
  /** Once more, right before and right after what cannot be taken back: `fenced` where another took over meanwhile. */
  still(op: Op): Promise<Result<void>>;
};

/** A missing file means that nobody acted yet; an unreadable one stops everything, because it protects. */
export function fence(files: Files, path: string, locks: Locks): Fence {
  const highest = async (): Promise<Result<number>> => {
    const there = await files.stat(path);
    if (!there.ok) return there;
    if (there.value === null) return ok(Number.NEGATIVE_INFINITY);
    const content = await files.read(path);
    if (!content.ok) return content;
    const parsed = fenceFile.safeParse(parseJson(content.value.toString("utf8")));
    return parsed.success ? ok(parsed.data.epoch) : unreadable(path);
  };
  const still = async (op: Op): Promise<Result<void>> => {
    const seen = await highest();
    if (!seen.ok) return seen;
    return op.epoch < seen.value ? fenced(op, seen.value) : ok(undefined);
  };
  const admit = async (op: Op): Promise<Result<void>> => {
    const seen = await highest();
    if (!seen.ok) return seen;
    if (op.epoch < seen.value) return fenced(op, seen.value);
    if (op.epoch === seen.value) return ok(undefined);
    return files.replace(path, JSON.stringify({ epoch: op.epoch }), 0o600);
  };
  return { still, admit: (op) => locks(path, () => admit(op)) };
}

function fenced(op: Op, highest: number): Result<never> {
  return problem(
    "fenced",
    `a newer controller (epoch ${highest}) has taken over here; this one has epoch ${op.epoch}`,
    "end this controller; `lastgood status` shows which one is in charge",
  );
}

function unreadable(path: string): Result<never> {
  return problem(
    "damaged",
    `${path} does not say which controller acted last`,
    "make sure that only one controller runs, then remove the file",
    path,
  );
}

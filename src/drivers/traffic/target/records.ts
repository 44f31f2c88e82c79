// What was decided about a route, kept beside the edge: one file a decision, numbered, never changed.
//
// A number can be taken once (link(2) fails where the name is there), so taking it is the compare and set.
// It needs no lock that a dead controller could leave behind. The file is the marker: op, epoch, generation.
import { join } from "node:path";
import { z } from "zod";
import { parseJson } from "../../../core/json.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import type { RouteState } from "../../../ports/traffic.ts";
import { act, type Target } from "./act.ts";

const record = z.strictObject({
  /** Number of the decision. Generations repeat when a change is put back; this never does. */
  seq: z.int().min(1),
  generation: z.int().min(0),
  op: z.string().nullable(),
  backend: z.strictObject({ release: z.string(), instance: z.string(), url: z.string() }).nullable(),
  epoch: z.int().min(0),
  /** Wall-clock milliseconds, for people and for access logs that name no release. */
  atMs: z.number(),
  /** It only raises the epoch; the route stays as it is. */
  fence: z.boolean(),
});
export type RouteRecord = z.infer<typeof record>;

/** Before the first decision. */
export const nothingRouted: RouteState = { generation: 0, op: null, backend: null, held: false, epoch: 0 };

/** Old decisions are kept for the drain of instances that were left, and for reading older access logs. */
const keepRecords = 64;

export type TargetRecords = {
  /** Null before the first one. */
  newest(): Promise<Result<RouteRecord | null>>;
  at(seq: number): Promise<Result<RouteRecord>>;
  /** Newest first, as many as are kept. */
  all(): Promise<Result<readonly RouteRecord[]>>;
  /** `conflict` when the number is taken. */
  claim(op: Op, record: RouteRecord): Promise<Result<void>>;
};

export function targetRecords(folder: string, target: Target): TargetRecords {
  const { files } = target;

  async function numbers(): Promise<Result<readonly number[]>> {
    const names = await files.list(folder);
    if (!names.ok) return names;
    const found = names.value.map((name) => /^(\d{9})\.json$/.exec(name)?.[1]);
    return ok(found.filter((one) => one !== undefined).map(Number));
  }

  async function at(seq: number): Promise<Result<RouteRecord>> {
    const path = pathOf(folder, seq);
    const bytes = await files.read(path);
    if (!bytes.ok) return bytes;
    const read = record.safeParse(parseJson(bytes.value.toString("utf8")));
    if (read.success) return ok(read.data);
    const next = "move it away; the next switch writes a new one";
    return problem("damaged", `${path} is no record of a route`, next, path);
  }

  return {
    at,
    async newest() {
      const known = await numbers();
      if (!known.ok) return known;
      const last = known.value.at(-1);
      return last === undefined ? ok(null) : at(last);
    },
    async all() {
      const known = await numbers();
      if (!known.ok) return known;
      const records: RouteRecord[] = [];
      for (const seq of known.value.toReversed()) {
        const one = await at(seq);
        if (one.ok) records.push(one.value);
        else if (one.error.code !== "missing") return one;
      }
      return ok(records);
    },
    claim: (op, one) => claim(folder, target, op, one),
  };
}

async function claim(
  folder: string,
  { host, files }: Target,
  op: Op,
  one: RouteRecord,
): Promise<Result<void>> {
  const path = pathOf(folder, one.seq);
  const own = join(folder, `claim-${op.id}-${op.epoch}.tmp`);
  const written = await files.replace(own, `${JSON.stringify(one)}\n`, 0o644);
  if (!written.ok) return written;
  const linked = await act(host, op, ["ln", "--", own, path]);
  const removed = await files.remove(own);
  if (!linked.ok) {
    const taken = await files.stat(path);
    return taken.ok && taken.value !== null ? takenBy(path) : linked;
  }
  if (!removed.ok) return removed;
  return files.remove(pathOf(folder, one.seq - keepRecords));
}

function takenBy(path: string): Result<never> {
  const what = "somebody else changed the route at the same time";
  return problem("conflict", what, "read the route again and plan anew", path);
}

function pathOf(folder: string, seq: number): string {
  return join(folder, `${String(Math.max(0, seq)).padStart(9, "0")}.json`);
}

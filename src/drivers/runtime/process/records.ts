// One small file for each instance: written before its process is spawned, completed right after.
import { z } from "zod";
import { parseJson } from "../../../core/json.ts";
import { ok, type Result } from "../../../core/result.ts";
import type { Files } from "../../../ports/files.ts";
import type { Layout } from "./config.ts";

const instanceRecord = z.strictObject({
  id: z.string(),
  service: z.string(),
  release: z.string(),
  op: z.string(),
  port: z.number(),
  /** Wall clock of its start, milliseconds. Orders instances, nothing more. */
  at: z.number(),
  /** A pid and start time mean nothing after a reboot. */
  bootId: z.string(),
  /** Null from before the spawn until right after it. */
  process: z.strictObject({ pid: z.number(), startTime: z.string() }).nullable(),
});
export type InstanceRecord = z.infer<typeof instanceRecord>;

/** All records that can be read. A damaged one counts as lost: its process is found by its environment. */
export async function readRecords(files: Files, where: Layout): Promise<Result<readonly InstanceRecord[]>> {
  const names = await files.list(where.instances);
  if (!names.ok) return names;
  const records: InstanceRecord[] = [];
  for (const name of names.value.filter((one) => one.endsWith(".json") && !one.startsWith("."))) {
    const content = await files.read(where.record(name.slice(0, -".json".length)));
    if (!content.ok) {
      if (content.error.code === "missing") continue; // removed meanwhile
      return content;
    }
    const parsed = instanceRecord.safeParse(parseJson(content.value.toString("utf8")));
    if (parsed.success) records.push(parsed.data);
  }
  return ok(records);
}

export function writeRecord(files: Files, where: Layout, record: InstanceRecord): Promise<Result<void>> {
  return files.replace(where.record(record.id), JSON.stringify(record), 0o600);
}

/** The record and its log. */
export async function removeRecord(files: Files, where: Layout, id: string): Promise<Result<void>> {
  const gone = await files.remove(where.record(id));
  return gone.ok ? files.remove(where.log(id)) : gone;
}

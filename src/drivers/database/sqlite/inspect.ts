// Looks into a database without stopping the process: large ones are read in a worker thread.

import { createHash } from "node:crypto";
import { Worker } from "node:worker_threads";
import { canonical } from "../../../core/json.ts";
import { ok, type Result } from "../../../core/result.ts";
import { type Content, type Look, look } from "./content.ts";
import type { Context } from "./context.ts";
import { type Attempt, mayOpen, patiently } from "./open.ts";
import { sqliteFault } from "./problem.ts";

/** A smaller one takes less time to read than a thread to start. */
const INLINE_BYTES_MAX = 4 * 1024 * 1024;

/** `damaged` only where it can't be read at all; a failed check is `content.damage`. */
export async function inspect(context: Context, wanted: Look): Promise<Result<Content>> {
  const may = wanted.as === "live" ? await mayOpen(context, wanted.path) : ok(undefined);
  if (!may.ok) return may;
  const large = await isLarge(context, wanted.path);
  if (!large.ok) return large;
  return patiently(context, wanted.path, async () => (large.value ? lookInThread(wanted) : lookHere(wanted)));
}

/** Identity of the content; null where it could not be read row by row. */
export function identityOf({ schema, digests }: Content): string | null {
  if (digests === null) return null;
  return createHash("sha256").update(canonical({ schema, digests })).digest("hex");
}

export function lookHere(wanted: Look): Attempt<Content> {
  try {
    return { value: look(wanted) };
  } catch (error) {
    const fault = sqliteFault(error);
    if (fault === null) throw error;
    return { fault };
  }
}

/** The -wal counts: it may hold most of a database that is small by itself. */
async function isLarge(context: Context, path: string): Promise<Result<boolean>> {
  let bytes = 0;
  for (const part of [path, `${path}-wal`]) {
    const stat = await context.files.stat(part);
    if (!stat.ok) return stat;
    bytes += stat.value?.size ?? 0;
  }
  return ok(bytes > INLINE_BYTES_MAX);
}

/** Ends by itself: every statement of `look` is bounded by the size of the file. */
function lookInThread(wanted: Look): Promise<Attempt<Content>> {
  const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const worker = new Worker(new URL(`./inspect-thread.${ending}`, import.meta.url), {
    workerData: wanted,
  });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) =>
      reject(new Error(`the thread that read ${wanted.path} ended with ${code}`)),
    );
  });
}

// Several files on their way at once: a dump of many small tables is as slow as its round trips.
import { ok, type Result } from "../../../core/result.ts";
import type { Tell } from "../../../ports/progress.ts";
import type { Told } from "./shelf.ts";

/** Each has one piece in memory. */
const atOnce = 4;

/** Until all are done, or one fails: then no further one begins. */
export async function someAtOnce<T>(
  items: readonly T[],
  work: (item: T) => Promise<Result<void>>,
): Promise<Result<void>> {
  const waiting = [...items];
  let failed: Result<void> = ok(undefined);
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined && failed.ok; item = waiting.shift()) {
      const done = await work(item);
      if (!done.ok) failed = done;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return failed;
}

/** How far all of them are together. */
export function toldOfAll(what: string, total: number, tell: Tell | undefined): (name: string) => Told {
  const done = new Map<string, number>();
  let sum = 0;
  return (name) => (bytes) => {
    sum += bytes - (done.get(name) ?? 0);
    done.set(name, bytes);
    tell?.({ what, unit: "bytes", done: sum, total });
  };
}

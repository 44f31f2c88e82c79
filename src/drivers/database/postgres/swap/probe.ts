// Questions to the target: which restore made it what it is, and did this one happen?
import { ok, type Result } from "../../../../core/result.ts";
import type { Context } from "../context.ts";
import { atDesk, readEntry } from "./entry.ts";
import { openStaleFence } from "./settle.ts";

/** The op of the newest restore; null where there was none. A fence that a dead controller left is taken away. */
export function marker(context: Context): Promise<Result<string | null>> {
  return atDesk(context, async (session) => {
    const opened = await openStaleFence(context, session);
    if (!opened.ok) return opened;
    const live = await readEntry(session, context.database);
    return live.ok ? ok(live.value?.mark?.applied.at(-1) ?? null) : live;
  });
}

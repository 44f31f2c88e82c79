// lastgood logs: the newest output of a part, whatever runs it. It needs no controller: that may be what is broken.
import { parseDuration } from "../config/duration.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import type { Clock } from "../ports/clock.ts";
import type { Parts } from "../ports/parts.ts";

export type LogsInput = {
  readonly env: string;
  /** Null: which parts there are. */
  readonly part: string | null;
  readonly lines: number;
  /** `10m`, or a time as `2026-11-22T04:40:00Z`; null: whatever there is. */
  readonly since: string | null;
  readonly after: string | null;
};

const verb = "logs";

export async function logs(parts: Parts, clock: Clock, input: LogsInput): Promise<Outcome> {
  const { env, part, lines, since, after } = input;
  if (part === null) return listParts(parts, env);
  const sinceMs = since === null ? null : sinceOf(since, clock.now());
  if (Number.isNaN(sinceMs)) {
    const next = "Write 10m, 2h or a time such as 2026-11-22T04:40:00Z.";
    return stopped(verb, env, { code: "usage", what: `"${since}" is no time`, next });
  }
  const page = await parts.logs(part, { lines, sinceMs, after });
  if (!page.ok) return stopped(verb, env, page.error);
  const data = { part, lines: page.value.lines.map((line) => ({ ...line })), next: page.value.next };
  return outcome(env, `${page.value.lines.length} lines of ${part}`, data);
}

function sinceOf(text: string, now: number): number {
  const ms = parseDuration(text);
  return ms === null ? Date.parse(text) : now - ms;
}

async function listParts(parts: Parts, env: string): Promise<Outcome> {
  const listed = await parts.list();
  if (!listed.ok) return stopped(verb, env, listed.error);
  return outcome(env, `${listed.value.length} parts`, { parts: listed.value.map((part) => ({ ...part })) });
}

function outcome(env: string, what: string, data: Outcome["data"]): Outcome {
  return { verb, env, outcome: "done", what, means: "", next: "", problem: null, data };
}

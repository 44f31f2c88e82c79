// The app's own log: lines that match a pattern, counted.
import { z } from "zod";
import type { LogLine } from "../../../core/parts/part.ts";
import { ok, type Result } from "../../../core/result.ts";
import type { SignalEvent } from "../../../core/signals/event.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Parts } from "../../../ports/parts.ts";
import type { Batch, Signals } from "../../../ports/signals.ts";
import { numberAt, polled } from "../polled.ts";

export type LogPattern = {
  /** What people call it: `panics`. */
  readonly name: string;
  /** Without the flags g and y: it is asked about one line at a time. */
  readonly match: RegExp;
};

export type LogPatternConfig = {
  /** Name of the part whose output is read. */
  readonly part: string;
  readonly patterns: readonly LogPattern[];
  readonly intervalMs: number;
};

/** A look reads this many lines at most; where there were more, the oldest of them are counted as not read. */
const pageLines = 10_000;
/** Of a line that matches, people see this much. */
const shownCharacters = 200;
/** Events kept for whoever reads later. */
const kept = 200;
/** A pattern of the user's is given no longer line than this: some grow slow with the square of it. */
const matchedCharacters = 2_000;

type Page = { readonly events: readonly SignalEvent[]; readonly cut: boolean };
const position = z.object({ after: z.string().nullable() });

/**
 * Each look gives at most one event a pattern: how many lines matched, with the newest of them. The page's cursor is in
 * the position, so a controller that was away goes on where it was.
 */
export function logPatternSignals(
  config: LogPatternConfig,
  { parts, clock }: { readonly parts: Parts; readonly clock: Clock },
): Signals {
  let begunMs = clock.now();
  const { part } = config;
  let after: string | null = null;
  const poll = polled<Page>(
    {
      intervalMs: config.intervalMs,
      async question() {
        const begun = after;
        const want = { lines: pageLines, sinceMs: begun === null ? begunMs : null, after: begun };
        const page = await parts.logs(part, want);
        if (!page.ok) return page;
        after = page.value.next === "" ? after : page.value.next;
        const { lines } = page.value;
        // The first page may reach further back than we do; of lines without a time nobody can tell.
        const fresh = begun === null ? lines.filter(({ at }) => timeOf(at) >= begunMs) : lines;
        return ok({ events: count(fresh, config, clock.now()), cut: lines.length >= pageLines });
      },
    },
    clock,
  );
  return {
    name: `log:${part}`,
    about: "events",
    async position() {
      // Nobody has read for a while: what was written meanwhile is of before.
      if (poll.recent() === null) {
        after = null;
        begunMs = clock.now();
      }
      poll.ask();
      return ok({ run: poll.run, number: poll.newest()?.number ?? 0, after });
    },
    async observe(from): Promise<Result<Batch>> {
      const known = position.safeParse(from);
      if (poll.newest() === null && after === null && known.success) after = known.data.after;
      poll.ask();
      const answers = poll.after(numberAt(from, poll.run));
      const pages = answers.flatMap(({ answer }) => (answer.ok ? [answer.value] : []));
      const events = pages.flatMap((page) => page.events).slice(-kept);
      const newest = poll.newest();
      const blind = newest?.answer.ok === false ? newest.answer.error.what : null;
      const next = { run: poll.run, number: newest?.number ?? 0, after };
      // How many more there were cannot be told; that there were some must not be silent.
      const unparsed = pages.filter((page) => page.cut).length;
      return ok({ observations: [], events, next, unparsed, blind });
    },
  };
}

function count(
  lines: readonly LogLine[],
  { part, patterns }: LogPatternConfig,
  now: number,
): readonly SignalEvent[] {
  return patterns.flatMap(({ name, match }): readonly SignalEvent[] => {
    const found = lines.filter(({ text }) => match.test(text.slice(0, matchedCharacters)));
    const newest = found.at(-1);
    if (newest === undefined) return [];
    const said = timeOf(newest.at);
    const at = Number.isNaN(said) ? now : said;
    const text = newest.text.slice(0, shownCharacters);
    const what = found.length === 1 ? text : `${found.length} lines, the newest: ${text}`;
    return [{ at, kind: "pattern", subject: `${part} ${name}`, what, weight: found.length }];
  });
}

function timeOf(at: string | null): number {
  return at === null ? Number.NaN : Date.parse(at);
}

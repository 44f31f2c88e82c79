// lastgood replay: what would Lastgood have decided, had a release gone out at a moment of this log?
import { parseDuration, parseShare } from "../config/duration.ts";
import { waldBound } from "../core/detect/bound.ts";
import { defaultAlpha } from "../core/detect/error-finding.ts";
import { errorThreshold } from "../core/detect/threshold.ts";
import { clientNames, type Injection, type Played, play } from "../core/replay/play.ts";
import { firstAt, type Recorded } from "../core/replay/recorded.ts";
import { ok, problem, type Result } from "../core/result.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";

/** As they were written. */
export type ReplayWish = {
  readonly file: string;
  /** `5%@+600s`; null: the log as it is. */
  readonly inject: string | null;
  readonly format: string | null;
  readonly tolerate: string | null;
  /** `+2h` after the first line, or a time; null: after the first tenth. */
  readonly deployAt: string | null;
  readonly watch: string | null;
  readonly seed: number;
};

const watchDefaultS = 1_800;
/** Of the lines, where nobody says when: what is before it is how things were. */
const before = 0.1;
const verb = "replay";

export function replay(log: Recorded, format: string, wish: ReplayWish): Outcome {
  const read = optionsOf(log, wish);
  if (!read.ok) return stopped(verb, null, read.error);
  const { from, deployAtMs, inject, threshold, watchS } = read.value;
  const played = play(log, clientNames(log.clients), {
    from,
    to: log.count,
    deployAtMs,
    threshold,
    watchS,
    waitForVerdict: true,
    inject,
  });
  const { what, means, next } = words(played, inject, threshold, wish);
  return {
    verb,
    env: null,
    outcome: "done",
    what,
    means: [means, unread(log, format)].filter((line) => line !== "").join("\n"),
    next,
    problem: null,
    data: {
      decision: decisionOf(played),
      atS: played.atS,
      requests: played.requests,
      sinceInjection: played.sinceInjection,
      injected: played.injected,
      bound: inject === null ? null : boundOf(inject, threshold),
      threshold,
      deployAt: new Date(deployAtMs).toISOString(),
      format,
      lines: log.count,
      unparsed: log.unparsed,
      finding: played.finding,
    },
  };
}

/** As the product's own words for what it does. */
function decisionOf({ ended, finding }: Played): string {
  if (ended === "rolled-back") return "roll-back";
  if (finding.outcome === "bad") return "investigate";
  return finding.outcome === "verified" ? "verified" : "hold";
}

type Options = {
  readonly from: number;
  readonly deployAtMs: number;
  readonly inject: Injection | null;
  readonly threshold: number;
  readonly watchS: number;
};

function optionsOf(log: Recorded, wish: ReplayWish): Result<Options> {
  if (log.count === 0) return problem("usage", `${wish.file} has no requests`, "name a log that has some");
  const deployAtMs = momentOf(log, wish.deployAt);
  if (deployAtMs === null) {
    return problem(
      "usage",
      `--deploy-at ${wish.deployAt} is no time`,
      "write +2h, +90m, or 2025-04-17T12:00:00Z",
    );
  }
  const from = firstAt(log, deployAtMs);
  if (from >= log.count) {
    return problem("usage", "the log ends before the deploy", "name an earlier --deploy-at, or leave it out");
  }
  const inject = wish.inject === null ? ok(null) : injectionOf(wish.inject, wish.seed);
  if (!inject.ok) return inject;
  const tolerate = wish.tolerate === null ? 0 : parseShare(wish.tolerate);
  if (tolerate === null)
    return problem("usage", `--tolerate ${wish.tolerate} is no share`, "write 1% or 0.5%");
  const watchMs = wish.watch === null ? watchDefaultS * 1_000 : parseDuration(wish.watch);
  if (watchMs === null || watchMs < 1_000) {
    return problem("usage", `--watch ${wish.watch} is no time`, "write 30m or 2h");
  }
  const threshold = Math.max(tolerate, errorThreshold(baselineOf(log, from)));
  return ok({ from, deployAtMs, inject: inject.value, threshold, watchS: Math.round(watchMs / 1_000) });
}

/** What was counted before the deploy. A handful of requests is no baseline. */
function baselineOf(log: Recorded, from: number) {
  if (from < leastBaseline) return null;
  let errors = 0;
  for (let i = 0; i < from; i++) if ((log.status[i] ?? 0) >= 500) errors += 1;
  return { requests: from, errors };
}

const leastBaseline = 700;

function momentOf(log: Recorded, text: string | null): number | null {
  const first = log.atMs[0] ?? 0;
  if (text === null) return log.atMs[Math.floor(log.count * before)] ?? first;
  const after = text.startsWith("+") ? parseDuration(text.slice(1)) : null;
  if (after !== null) return first + after;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}

function injectionOf(text: string, seed: number): Result<Injection> {
  const [, share, after] = /^([\d.]+%)(?:@\+(\w+))?$/.exec(text) ?? [];
  const part = share === undefined ? null : parseShare(share);
  const fromMs = after === undefined ? 0 : parseDuration(after);
  if (part === null || part <= 0 || part > 1 || fromMs === null) {
    return problem(
      "usage",
      `--inject ${text} cannot be read`,
      "write 5%@+600s: a share, and how long after the deploy",
    );
  }
  return ok({ share: part, fromS: fromMs / 1_000, seed });
}

function boundOf({ share }: Injection, threshold: number): number | null {
  return share > threshold ? Math.ceil(waldBound(defaultAlpha, share, threshold)) : null;
}

function words(played: Played, inject: Injection | null, threshold: number, wish: ReplayWish) {
  const { finding, atS, requests, sinceInjection } = played;
  const at = `${duration(atS)} after the deploy`;
  if (played.ended === "rolled-back") {
    return {
      what: `Lastgood would have gone back ${at}.`,
      means: `${finding.why}.\n${soon(played, inject, threshold)}`.trim(),
      next: "",
    };
  }
  const single = finding.outcome === "bad";
  const verdict = single
    ? `Lastgood would not have gone back; it would have asked to look into one client's trouble, ${duration(played.singleClientAtS ?? atS)} after the deploy.`
    : finding.outcome === "verified"
      ? `Lastgood would have called this release good ${at}.`
      : `Lastgood would have done nothing in ${duration(atS)}: neither bad nor good was proven.`;
  const injected =
    inject === null || sinceInjection === null
      ? ""
      : ` ${sinceInjection} of ${requests} requests came after the regression began.`;
  const next = inject === null ? `Try a regression: lastgood replay ${wish.file} --inject 5%@+600s` : "";
  return { what: verdict, means: `${finding.why}.${injected}`, next };
}

function soon({ sinceInjection }: Played, inject: Injection | null, threshold: number): string {
  if (inject === null || sinceInjection === null || sinceInjection === 0) return "";
  const bound = boundOf(inject, threshold);
  const beside =
    bound === null ? "" : `; no test with so few false alarms needs less than ${bound} on average`;
  return `The regression was there for ${sinceInjection} requests${beside}.`;
}

function unread({ count, unparsed }: Recorded, format: string): string {
  const lines = `${count.toLocaleString("en-US")} requests read as ${format}`;
  return unparsed === 0
    ? `${lines}.`
    : `${lines}; ${unparsed.toLocaleString("en-US")} lines could not be read.`;
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Number(seconds.toFixed(1))} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3_600).toFixed(1)} h`;
}

// The demo's result as one JSON document: measured by the load generator and read from the journal.
import { waldBound } from "../core/detect/bound.ts";
import type { Event, EventOf, EventType } from "../core/event.ts";
import type { State } from "../core/state.ts";
import type { Outcome } from "../core/view/outcome.ts";
import { type TimelineRow, timeline } from "../core/view/timeline.ts";
import type { LoadReport } from "./load/load.ts";

export type Run = {
  readonly bad: Outcome;
  readonly again: Outcome;
  readonly report: LoadReport;
  readonly lostWrites: number | null;
};

export type Document = {
  readonly outcome: string;
  readonly bad: string | null;
  readonly serving: string | null;
  readonly requests: number;
  readonly errorsByBadRelease: number;
  /** No answer, or an error that the bad release itself did not make. */
  readonly lostRequests: number;
  /** How they were lost, most frequent first; at most ten kinds. */
  readonly lostHow: readonly { readonly how: string; readonly times: number }[];
  readonly acknowledgedWrites: number;
  readonly lostWrites: number | null;
  readonly detect: { readonly requests: number; readonly bound: number; readonly ms: number } | null;
  /** From the decision to the start of the last request that the bad release answered; 0: none came after it. */
  readonly switchBackMs: number | null;
  readonly redeployRefused: boolean;
  readonly timeline: readonly TimelineRow[];
};

const badVersion = "v2";
/** What v2 of the shop fails by its faults.json. */
const faultRate = 0.05;

export function documentOf(run: Run, events: readonly Event[], state: State): Document {
  const decision = newest(events, "decision.made", () => true);
  const bad = newest(events, "release.quarantined", () => true)?.data.release ?? null;
  const switched = newest(
    events,
    "step.verified",
    ({ data }) => data.kind === "traffic.switch" && (data.evidence as { release: string }).release === bad,
  );
  const finding = decision?.data.finding ?? null;
  const last = run.report.byVersion[badVersion]?.lastStartedAt ?? null;
  return {
    outcome: run.bad.outcome,
    bad,
    serving: state.envs["production"]?.serving ?? null,
    requests: run.report.requests,
    errorsByBadRelease: run.report.errorsByFault,
    lostRequests: run.report.lostCount,
    lostHow: lostHow(run.report),
    acknowledgedWrites: run.report.acknowledgedWrites.length,
    lostWrites: run.lostWrites,
    detect:
      finding && decision && switched
        ? {
            requests: finding.requests,
            bound: Math.round(waldBound(1 / finding.needed, faultRate, finding.threshold)),
            ms: decision.at - switched.at,
          }
        : null,
    switchBackMs: decision && last !== null ? Math.max(0, Math.round(last - decision.at)) : null,
    redeployRefused: run.again.outcome === "refused" && run.again.problem?.code === "quarantined",
    timeline: timeline(events, state.runs),
  };
}

const kindsShown = 10;

function lostHow({ lost }: LoadReport): Document["lostHow"] {
  // Ids in paths would make each of them its own kind.
  const kinds = Map.groupBy(
    lost,
    ({ kind, detail }) => `${kind}: ${detail.replace(/orders\/[^\s:]+/, "orders/…")}`,
  );
  return [...kinds]
    .map(([how, all]) => ({ how, times: all.length }))
    .toSorted((a, b) => b.times - a.times)
    .slice(0, kindsShown);
}

function newest<T extends EventType>(
  events: readonly Event[],
  type: T,
  fits: (event: EventOf<T>) => boolean,
): EventOf<T> | null {
  const found = events.findLast((event) => event.type === type && fits(event as EventOf<T>));
  return (found as EventOf<T> | undefined) ?? null;
}

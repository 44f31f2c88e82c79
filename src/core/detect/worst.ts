// Of what all streams say, the one thing that counts.
import type { Finding } from "./finding.ts";
import { doubt } from "./verified.ts";

/** These clear a release or keep it waiting; others speak only when something is wrong. */
const clearing = ["errors", "probe"];

/**
 * The finding that counts. Bad beats blind: what was proven stays true when the source falls silent after it.
 * Blind beats undecided: with a source gone, waiting for more requests may be in vain. Undecided beats verified:
 * errors and probes have to clear the release. Others, which may need days to be sure, keep it waiting only while
 * they doubt it. Among bad ones, that nobody is served comes first; one client's trouble is last. Equal ones: the first.
 */
export function worstOf(findings: readonly [Finding, ...Finding[]]): Finding {
  return findings.reduce((a, b) => (rank(b) > rank(a) ? b : a));
}

function rank(finding: Finding): number {
  if (finding.outcome === "bad") return badness(finding);
  const quiet = !clearing.includes(finding.stream) && finding.evidence < doubt;
  if (quiet) return -1;
  return { blind: 2, undecided: 1, verified: 0 }[finding.outcome];
}

/** What makes it slow or keeps people away is looked into first; what fails is worse. */
function badness({ stream, breadth }: Extract<Finding, { outcome: "bad" }>): number {
  return breadth === "broad" && isSlowness(stream) ? 3.5 : { down: 5, broad: 4, "single-client": 3 }[breadth];
}

/** Slow, or people stay away: nothing has failed. */
export function isSlowness(stream: string): boolean {
  return stream === "latency" || stream.startsWith("silence:");
}

/**
 * Does what is wrong now say that what was wrong before goes on? That it is slow does not say that it fails still: whoever
 * is back from errors, on a machine that is busy by now, has left them behind. Null: nobody found anything, somebody said so.
 */
export function goesOn(before: string | null, now: string): boolean {
  return !isSlowness(now) || before === null || isSlowness(before);
}

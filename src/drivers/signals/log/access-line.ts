// One line of the embedded proxy's access log, as an observation.

import type { Observation } from "../../../core/detect/finding.ts";
import { armsOf } from "../../../core/flags/arms.ts";

/**
 * `null`: the line says nothing about a release (nobody was asked, or the client left before an answer).
 * `unparsed`: it is not a line of ours.
 */
export function observationOf(line: string): Observation | null | "unparsed" {
  const value = objectOf(line);
  if (value === null) return "unparsed";
  const { at, release, instance, client, route, status, ms, by, aborted, flags } = value;
  if (typeof at !== "number" || typeof status !== "number" || typeof ms !== "number") return "unparsed";
  if (typeof client !== "string" || typeof route !== "string") return "unparsed";
  if (release === undefined) return null;
  if (typeof release !== "string") return "unparsed";
  if (aborted === true && status < 500) return status === clientLeft ? null : seen(true);
  // `by` on a lower status: an answer that the app began and did not finish.
  return seen(status < 500 && by !== "app");

  function seen(ok: boolean): Observation {
    const arms = typeof flags === "string" ? armsOf(flags) : null;
    const by = typeof instance === "string" ? { instance } : null;
    return { at, release, ok, client, route, status, ms, ...by, ...(arms && { arms }) } as Observation;
  }
}

/** What the proxy writes where the client left before there was an answer. */
const clientLeft = 499;

function objectOf(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

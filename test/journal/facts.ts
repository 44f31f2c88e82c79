// Facts that tests write: plain, and different for each number.
import type { NewEvent } from "../../src/core/event.ts";

export function fact(n: number): NewEvent {
  if (n % 3 === 0) return { type: "controller.stopped", data: { why: `stop ${n}` } };
  const release = { env: "production", release: `v${n}`, digest: `digest-${n}`, by: "ann", why: `why ${n}` };
  return { type: "release.lifted", data: release };
}

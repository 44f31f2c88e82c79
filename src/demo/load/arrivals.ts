// Open-loop arrivals: a fixed schedule that slow answers do not slow down.
import { bounds } from "./bounds.ts";

export type Arrivals = {
  /** How late the latest arrival was fired, in ms: tells how far this process itself can be trusted. */
  lagMaxMs(): number;
  /** Arrivals that were given up because this process had stalled. */
  skipped(): number;
  stop(): void;
};

/** Calls `fire` at 0, 1/perSecond, 2/perSecond … seconds from now, whatever happened to earlier calls. */
export function openLoop(perSecond: number, fire: () => void): Arrivals {
  const gapMs = 1_000 / perSecond;
  let dueAt = performance.now();
  let lagMaxMs = 0;
  let skipped = 0;
  const tick = () => {
    const now = performance.now();
    lagMaxMs = Math.max(lagMaxMs, now - dueAt);
    const stale = Math.floor(Math.max(0, now - dueAt - bounds.catchUpMs) / gapMs);
    skipped += stale;
    dueAt += stale * gapMs;
    for (; dueAt <= now; dueAt += gapMs) fire();
    timer = setTimeout(tick, Math.max(1, Math.ceil(dueAt - performance.now())));
  };
  let timer = setTimeout(tick, 0);
  return { lagMaxMs: () => lagMaxMs, skipped: () => skipped, stop: () => clearTimeout(timer) };
}

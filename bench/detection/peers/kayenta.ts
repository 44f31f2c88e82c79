// Kayenta (Spinnaker): Mann and Whitney's test over the points of both arms, once an interval.
import { each, type Peer, share, type View } from "./peer.ts";

export type KayentaRule = {
  readonly intervalS: number;
  readonly lifetimeS: number;
  /** One point of the metric. */
  readonly stepS: number;
  readonly leastPoints: number;
};

/** Two-sided 98 %. */
const z = 2.326;
/** Of the estimate: the whole interval must lie above this. */
const tolerance = 0.25;

/** Points are shares of errors; where nothing was asked for there is no point. */
export function kayenta(rule: KayentaRule): Peer["decide"] {
  return (view, untilS) => {
    for (const nowS of each(rule.intervalS, Math.min(untilS, rule.lifetimeS))) {
      const fresh = points(view, "service", rule.stepS, nowS);
      const control = points(view, "control", rule.stepS, nowS);
      if (fresh.length < rule.leastPoints || control.length < rule.leastPoints) continue;
      if (isHigh(fresh, control)) return nowS;
    }
    return null;
  };
}

function points(view: View, arm: "service" | "control", stepS: number, untilS: number): readonly number[] {
  const found: number[] = [];
  for (const endS of each(stepS, untilS)) {
    const value = share(view[arm](endS - stepS, endS));
    if (!Number.isNaN(value)) found.push(value);
  }
  return found;
}

const continuity = 0.5;

/** Standard deviation of the rank sum; values that are the same make it smaller. */
function spread(fresh: readonly number[], control: readonly number[]): number {
  const same = new Map<number, number>();
  for (const value of [...fresh, ...control]) same.set(value, (same.get(value) ?? 0) + 1);
  const ties = [...same.values()].reduce((sum, t) => sum + t ** 3 - t, 0);
  const all = fresh.length + control.length;
  return Math.sqrt(((fresh.length * control.length) / 12) * (all + 1 - ties / (all * (all - 1))));
}

/** The lower limit of the shift lies above a quarter of the estimate, and the mean is not smaller. */
export function isHigh(fresh: readonly number[], control: readonly number[]): boolean {
  const shifts = fresh.flatMap((x) => control.map((y) => x - y)).sort((a, b) => a - b);
  const [m, n] = [fresh.length, control.length];
  const rank = Math.floor((m * n) / 2 - z * spread(fresh, control) - continuity);
  const lower = shifts[Math.max(0, rank)] ?? Number.NaN;
  const estimate = shifts[Math.floor(shifts.length / 2)] ?? Number.NaN;
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  return lower > tolerance * Math.abs(estimate) && mean(fresh) >= mean(control);
}

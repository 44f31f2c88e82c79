// The same flow before and after: what became slower, and which answers became others. Pure.
import { canonical } from "../json.ts";
import type { FlowMark } from "./flow.ts";

export type FlowChange = {
  readonly flow: string;
  readonly step: string;
  readonly status: readonly [before: number, after: number];
  readonly ms: readonly [before: number, after: number];
  /** One sentence where it is worth a look; null: the same, and no slower. */
  readonly note: string | null;
};

/** One request says little about speed: only what is far slower is named. */
const slowerBy = 3;
const slowerByMs = 100;

export function compareFlows(before: readonly FlowMark[], after: readonly FlowMark[]): readonly FlowChange[] {
  return after.flatMap((now): FlowChange[] => {
    const then = before.find((one) => one.flow === now.flow && one.step === now.step);
    if (!then) return [];
    const { flow, step } = now;
    return [
      { flow, step, status: [then.status, now.status], ms: [then.ms, now.ms], note: noteOn(then, now) },
    ];
  });
}

function noteOn(then: FlowMark, now: FlowMark): string | null {
  if (then.status !== now.status) return `it gave ${then.status} before, and ${now.status} now`;
  if (canonical(then.keys) !== canonical(now.keys)) {
    const gone = then.keys.filter((key) => !now.keys.includes(key));
    const fresh = now.keys.filter((key) => !then.keys.includes(key));
    const parts = [
      gone.length > 0 ? `without ${gone.join(", ")}` : "",
      fresh.length > 0 ? `with ${fresh.join(", ")}` : "",
    ];
    return `its answer is now ${parts.filter((one) => one !== "").join(" and ")}`;
  }
  if (now.ms > then.ms * slowerBy && now.ms - then.ms > slowerByMs)
    return `it took ${Math.round(now.ms)} ms, before ${Math.round(then.ms)} ms`;
  return null;
}

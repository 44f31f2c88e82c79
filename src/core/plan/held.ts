// How long requests wait in a plan, by what its kinds of steps took before on this machine.
import type { Plan } from "./plan.ts";

/** From the first hold until the last route goes on, milliseconds. Null where a step of these was never measured. */
export function heldMs(
  { steps }: Pick<Plan, "steps">,
  durations: Readonly<Record<string, readonly number[]>>,
): number | null {
  const first = steps.findIndex(({ kind }) => kind === "traffic.hold");
  const last = steps.findLastIndex(({ kind }) => kind === "traffic.hold");
  if (first < 0) return 0;
  let sum = 0;
  for (const { kind } of steps.slice(first, last + 1)) {
    const usual = median(durations[kind] ?? []);
    if (usual === null) return null;
    sum += usual;
  }
  return sum;
}

function median(values: readonly number[]): number | null {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? null;
}

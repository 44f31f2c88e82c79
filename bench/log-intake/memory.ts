// Is resident memory flat? The end of a long run beside its beginning.
import { type BenchResult, meets, single } from "../document.ts";

export type Memory = { readonly lines: number; readonly mib: number };

/** The run is judged from so many lines on: before, what is remembered still fills. */
const judgedLines = 20_000_000;
const target = "<= 1.1";

/** The first tenth warms up; the highest of the second tenth is what the highest of the last one is compared with. */
export function memoryRow(memory: readonly Memory[]): BenchResult {
  const lines = memory.at(-1)?.lines ?? 0;
  const highest = (from: number, to: number) => {
    const within = memory.filter((one) => one.lines > from * lines && one.lines <= to * lines);
    // A run of a few lines has no tenths.
    return Math.max(...(within.length > 0 ? within : memory).map(({ mib }) => mib));
  };
  const [early, late, most] = [highest(0.1, 0.2), highest(0.9, 1), highest(0, 1)];
  const judged = lines >= judgedLines;
  const tenths = Array.from({ length: 10 }, (_, i) => highest(i / 10, (i + 1) / 10));
  return {
    case: `resident memory over ${lines} lines in one watch, of a log that is rotated and removed behind`,
    metric: "highest in the last tenth to highest in the second tenth",
    unit: "times",
    product: single(late / early, memory.length),
    peers: {},
    ratio: {},
    target: judged ? target : null,
    met: judged ? meets(target, late / early) : null,
    note: `highest MiB in each tenth: ${tenths.map(Math.round).join(", ")}; ever: ${Math.round(most)}; judged with ${judgedLines} lines or more: --lines 100000000`,
  };
}

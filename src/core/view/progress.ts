// How far a long act is, in words: what is done of how much, how fast, and the time that is left.
import { size, span } from "../doctor/look.ts";

/** Shown while it lasts, never written down. */
export type Progressed = {
  /** In words: `copying shop.db`. */
  readonly what: string;
  readonly unit: "bytes" | "rows";
  readonly done: number;
  /** Null where nobody knows. */
  readonly total: number | null;
};

/** Before that nothing is said of the time: the first figures of anything are wild. */
const leastMs = 1_000;

/** `elapsedMs` since this act began. */
export function progressText({ what, unit, done, total }: Progressed, elapsedMs: number): string {
  const amount = (value: number) => (unit === "bytes" ? size(value) : `${value} rows`);
  if (total === null || total <= 0) return `${what}: ${amount(done)}`;
  const share = Math.min(1, done / total);
  const line = `${what}: ${amount(done)} of ${amount(total)}, ${Math.floor(share * 100)} %`;
  if (elapsedMs < leastMs || share <= 0 || share >= 1) return line;
  return `${line}, about ${span((elapsedMs / share) * (1 - share))} left`;
}

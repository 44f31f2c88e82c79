// Integrity checks: what a query must answer, and what to say where it does not.

export type Assertion = {
  readonly name: string;
  /** Answers with one row that has one number (or null, which counts as 0). Only read. */
  readonly sql: string;
  readonly expect: Expectation;
};

/** All that are given must hold. */
export type Expectation = {
  readonly equals?: number | undefined;
  readonly atLeast?: number | undefined;
  readonly atMost?: number | undefined;
};

/** Null where it holds. */
export function broken(answer: number, { equals, atLeast, atMost }: Expectation): string | null {
  if (equals !== undefined && answer !== equals) return `it answered ${answer} instead of ${equals}`;
  if (atLeast !== undefined && answer < atLeast)
    return `it answered ${answer}, and at least ${atLeast} is right`;
  if (atMost !== undefined && answer > atMost) return `it answered ${answer}, and at most ${atMost} is right`;
  return null;
}

/** The number in whatever a database driver gave as the only value; null where it is none. */
export function numberOf(value: unknown): number | null {
  if (value === null || value === undefined) return 0;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "string" || value.trim() === "") return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

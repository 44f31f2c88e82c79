// All that doctor saw, worst first, and the one sentence about it.
import type { JsonObject } from "../json.ts";
import type { Problem } from "../result.ts";
import { bad, type Level, type Look, unknown } from "./look.ts";

/** One line of the answer. `env` null: the machine and the controller themselves. */
export type Row = Look & { readonly env: string | null; readonly check: string; readonly ms: number };

export type Verdict = {
  readonly well: boolean;
  readonly what: string;
  readonly next: string;
};

const order: readonly Level[] = ["bad", "warn", "unknown", "well"];

/** Worst first; among equals as they were asked for. */
export function worstFirst(rows: readonly Row[]): readonly Row[] {
  return order.flatMap((level) => rows.filter((row) => row.is === level));
}

/** A check that could not look. A tool or a file that is not there says nothing about the thing itself. */
export function failedLook(about: string, problem: Problem): Look {
  if (problem.code === "missing") return unknown(about, problem.what, problem.next);
  return { ...bad(about, problem.what, problem.next), data: { code: problem.code } };
}

export function silentLook(about: string, deadlineMs: number, next: string | null): Look {
  return bad(about, `did not answer in ${deadlineMs / 1_000} s`, next, { silent: true, deadlineMs });
}

export function count(rows: readonly Row[], level: Level): number {
  return rows.filter((row) => row.is === level).length;
}

export function verdict(rows: readonly Row[]): Verdict {
  const [first] = worstFirst(rows);
  const badOnes = count(rows, "bad");
  const doubtful = count(rows, "warn");
  if (badOnes === 0 && doubtful === 0) {
    return {
      well: true,
      what: `All well: ${count(rows, "well")} things were looked at.`,
      next: "Nothing to do.",
    };
  }
  const parts = [
    badOnes > 0 ? `${badOnes} bad` : "",
    doubtful > 0 ? `${doubtful} to look at` : "",
    `${count(rows, "well")} well`,
  ];
  const what = `${parts.filter((part) => part !== "").join(", ")}.`;
  return { well: badOnes === 0, what, next: first?.next ?? "lastgood status" };
}

/** The stable form of `--json`. */
export function reportData(rows: readonly Row[], ms: number): JsonObject {
  return {
    well: count(rows, "bad") === 0,
    ms: Math.round(ms),
    counts: Object.fromEntries(order.map((level) => [level, count(rows, level)])),
    checks: worstFirst(rows).map(({ env, check, about, is, what, next, ms: took, data }) => ({
      env,
      check,
      about,
      is,
      what,
      next,
      ms: Math.round(took),
      data,
    })),
  };
}

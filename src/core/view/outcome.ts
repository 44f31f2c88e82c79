// How a verb ends: what happened, what it means, what to do next; and its exit code.
import type { JsonObject } from "../json.ts";
import type { Problem, ProblemCode } from "../result.ts";

export type Ending =
  | "done"
  | "unchanged"
  | "planned"
  | "failed"
  | "usage"
  | "refused"
  | "waits"
  | "rolled-back";

/** Design §11. */
export const exitCodes: Readonly<Record<Ending, number>> = {
  done: 0,
  unchanged: 0,
  planned: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  waits: 4,
  "rolled-back": 5,
};

export type Outcome = {
  readonly verb: string;
  readonly env: string | null;
  readonly outcome: Ending;
  readonly what: string;
  /** What it means for production; empty where nothing changed. */
  readonly means: string;
  readonly next: string;
  readonly problem: Problem | null;
  readonly data: JsonObject;
};

const endings: Partial<Record<ProblemCode, Ending>> = {
  usage: "usage",
  config: "usage",
  missing: "usage",
  refused: "refused",
  quarantined: "refused",
  busy: "refused",
  "needs-person": "waits",
};

/** The outcome of a problem that stopped a verb before it changed anything. */
export function stopped(verb: string, env: string | null, problem: Problem, data: JsonObject = {}): Outcome {
  const outcome = endings[problem.code] ?? "failed";
  return {
    verb,
    env,
    outcome,
    what: problem.what,
    means: "Nothing was changed.",
    next: problem.next,
    problem,
    data,
  };
}

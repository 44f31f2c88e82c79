// One run as a fold of its events: where it stands, and what comes next.
import type { Event, Holder, RunOutcome } from "./event.ts";
import type { Json } from "./json.ts";
import type { Plan, PlanStep, UndoStep } from "./plan/plan.ts";
import type { Problem } from "./result.ts";
import { assert } from "./result.ts";

export type Direction = "do" | "undo";

export type StepState = {
  readonly key: string;
  readonly kind: string;
  /** `rewound`: it was begun (so the way back knows of it), and is to be done again after a reboot. */
  readonly status: "intended" | "verified" | "failed" | "rewound";
  readonly attempt: number;
  readonly op: string;
  readonly before: Json;
  readonly evidence: Json;
  readonly problem: Problem | null;
  readonly ms: number;
};

export type RunState = {
  readonly run: string;
  readonly plan: Plan;
  readonly by: string;
  readonly plannedAt: number;
  readonly status: "planned" | "open" | "paused" | "ended";
  readonly direction: Direction;
  readonly cancelled: boolean;
  /**
   * A step whose failure pauses was begun: from there on requests may have flowed, and going back would cost more
   * than it saves. Stays true, also when a reboot makes that step be done again.
   */
  readonly pastReturn: boolean;
  readonly holder: Holder | null;
  /** Steps ever begun, by key, in each direction. */
  readonly do: Readonly<Record<string, StepState>>;
  readonly undo: Readonly<Record<string, StepState>>;
  /** Why it turned, paused or ended; the newest. */
  readonly why: Problem | null;
  readonly outcome: RunOutcome | null;
};

/** Events that belong to one run carry its id. */
export function runOf(event: Event): string | null {
  return event.type.startsWith("run.") || event.type.startsWith("step.")
    ? (event.data as { run: string }).run
    : null;
}

export function foldRun(state: RunState | undefined, event: Event): RunState {
  if (event.type === "run.planned") return planned(event.data.run, event.data.plan, event.data.by, event.at);
  assert(state, `event ${event.type} of a run that was never planned`);
  switch (event.type) {
    case "run.started":
    case "run.resumed":
      return { ...state, status: "open", holder: event.data.holder };
    case "run.cancel-requested":
      return { ...state, cancelled: true };
    case "run.turned":
      return { ...state, direction: "undo", why: event.data.why as Problem };
    case "run.rewound":
      return rewind(state, event.data.direction, event.data.keys);
    case "run.paused":
      return { ...state, status: "paused", why: event.data.why as Problem };
    case "run.ended":
      return {
        ...state,
        status: "ended",
        outcome: event.data.outcome,
        why: (event.data.why as Problem | null) ?? state.why,
      };
    case "step.intended":
    case "step.verified":
    case "step.failed":
      return foldStep(state, event);
    default:
      return state;
  }
}

function planned(run: string, plan: Plan, by: string, at: number): RunState {
  const fresh = {
    direction: "do",
    cancelled: false,
    pastReturn: false,
    holder: null,
    do: {},
    undo: {},
    why: null,
    outcome: null,
  } as const;
  return { run, plan, by, plannedAt: at, status: "planned", ...fresh };
}

type StepEvent = Extract<Event, { type: "step.intended" | "step.verified" | "step.failed" }>;

function foldStep(state: RunState, event: StepEvent): RunState {
  const { key, kind, direction, attempt } = event.data;
  const former = state[direction][key];
  const base = former ?? { key, kind, op: "", before: null, evidence: null, problem: null, ms: 0 };
  const step: StepState =
    event.type === "step.intended"
      ? {
          ...base,
          key,
          kind,
          attempt,
          status: "intended",
          op: event.data.op,
          before: event.data.before,
          problem: null,
        }
      : event.type === "step.verified"
        ? {
            ...base,
            attempt,
            status: "verified",
            evidence: event.data.evidence,
            ms: event.data.ms,
            problem: null,
          }
        : { ...base, attempt, status: "failed", problem: event.data.problem as Problem, ms: event.data.ms };
  const past = state.plan.steps.some((one) => one.key === key && one.onFailure === "pause");
  const pastReturn = state.pastReturn || (direction === "do" && (past || tookSchemaDown(state, event)));
  return { ...state, pastReturn, [direction]: { ...state[direction], [key]: step } };
}

/** In a rollback: the code that was to be left does not fit the schema any more. */
function tookSchemaDown({ plan }: RunState, { type, data }: StepEvent): boolean {
  return plan.kind === "rollback" && type === "step.verified" && data.kind === "migrations.down";
}

function rewind(state: RunState, direction: Direction, keys: readonly string[]): RunState {
  const steps = Object.entries(state[direction]).map(([key, step]): [string, StepState] => {
    return [key, keys.includes(key) ? { ...step, status: "rewound", attempt: 0 } : step];
  });
  return { ...state, [direction]: Object.fromEntries(steps) };
}

/** The steps of a direction, in order; the way back only holds what was begun on the way forth. */
export function steps(state: RunState, direction: Direction): readonly (PlanStep | UndoStep)[] {
  if (direction === "do") return state.plan.steps;
  return state.plan.undo.filter((step) => step.of.some((key) => state.do[key] !== undefined));
}

/** The next step to take in the run's direction; null when all are verified. */
export function nextStep(state: RunState): PlanStep | UndoStep | null {
  return (
    steps(state, state.direction).find((step) => state[state.direction][step.key]?.status !== "verified") ??
    null
  );
}

/** May the run stop here and leave production complete? True before the first effect and after safe steps. */
export function atSafePoint(state: RunState): boolean {
  const begun = state.plan.steps.filter((step) => state.do[step.key] !== undefined);
  const last = begun.at(-1);
  if (!last) return true;
  if (state.do[last.key]?.status === "verified") return last.safePointAfter;
  return begun.at(-2)?.safePointAfter ?? true;
}

/** A step was begun and nobody knows yet what became of it: that comes before anything else. */
export function unsettled(state: RunState): boolean {
  return Object.values(state[state.direction]).some((step) => step.status === "intended");
}

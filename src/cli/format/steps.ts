// Live steps of a run: on a terminal one line each that is redrawn, elsewhere plain lines as things happen.
import type { Event } from "../../core/event.ts";
import { foldRun, type RunState, type StepState, steps } from "../../core/run.ts";
import { emptyState, estimateMs } from "../../core/state.ts";
import { sentence } from "../../core/view/timeline.ts";
import type { Progress } from "../connection.ts";
import type { Io } from "../io.ts";
import { clockTime, duration, harmless, paint } from "./paint.ts";

const redrawMs = 100;

export type Showing = Progress & { stop(): void };

/** Progress of whatever runs while a command waits. `stop` leaves the last picture on the screen. */
export function showSteps(io: Io): Showing {
  return io.live ? liveSteps(io) : plainLines(io);
}

function plainLines(io: Io): Progress & { stop(): void } {
  let state = emptyState;
  return {
    durations: () => undefined,
    event(event) {
      state = withRun(state, event);
      const text = sentence(event, state.runs);
      if (text !== null) io.err(`${clockTime(event.at)} ${harmless(text)}\n`);
    },
    stop: () => undefined,
  };
}

function withRun(state: typeof emptyState, event: Event): typeof emptyState {
  const id = "run" in event.data ? event.data.run : null;
  if (id === null || (event.type !== "run.planned" && !state.runs[id])) return state;
  return { ...state, runs: { ...state.runs, [id]: foldRun(state.runs[id], event) } };
}

function liveSteps(io: Io): Progress & { stop(): void } {
  let state = emptyState;
  let current: string | null = null;
  let since = performance.now();
  let drawn = 0;
  const draw = () => {
    const run = current === null ? undefined : state.runs[current];
    if (!run) return;
    const lines = picture(run, state, io, performance.now() - since);
    io.err(`${drawn > 0 ? `\u001b[${drawn}A` : ""}${lines.map((line) => `\u001b[2K${line}\n`).join("")}`);
    drawn = lines.length;
  };
  const timer = setInterval(draw, redrawMs);
  return {
    durations: (measured) => {
      state = { ...state, durations: measured };
    },
    event(event) {
      state = withRun(state, event);
      if (event.type === "run.planned") {
        current = event.data.run;
        drawn = 0;
      }
      if (event.type.startsWith("step.") || event.type.startsWith("run.")) {
        since = performance.now();
        draw();
        return;
      }
      const text = sentence(event, state.runs);
      if (text === null) return;
      io.err(`${harmless(text)}\n`);
      drawn = 0;
      // Its picture stands above; the next run brings its own.
      if (current !== null && state.runs[current]?.status === "ended") current = null;
    },
    stop() {
      clearInterval(timer);
      draw();
    },
  };
}

function picture(run: RunState, state: typeof emptyState, io: Io, runningMs: number): readonly string[] {
  const { bold, red } = paint(io.color);
  const head = bold(`${run.plan.kind} ${run.plan.from ?? "nothing"} → ${run.plan.target}`);
  const forth = steps(run, "do").map((step) =>
    line(step.title, step.kind, run.do[step.key], { run, state, io, runningMs }),
  );
  const back =
    run.direction === "undo"
      ? [
          red("going back:"),
          ...steps(run, "undo").map((step) =>
            line(step.title, step.kind, run.undo[step.key], { run, state, io, runningMs }),
          ),
        ]
      : [];
  return [head, ...forth, ...back];
}

type Drawing = { run: RunState; state: typeof emptyState; io: Io; runningMs: number };

function line(
  title: string,
  kind: string,
  step: StepState | undefined,
  { run, state, io, runningMs }: Drawing,
): string {
  const { red, green, dim, yellow } = paint(io.color);
  const estimate = estimateMs(state, kind);
  const about = estimate === null ? "" : dim(` (about ${duration(estimate)})`);
  const text = harmless(title).slice(0, Math.max(20, io.columns - 30));
  if (step?.status === "verified") return `${green("✓")} ${text} ${dim(duration(step.ms))}`;
  if (step?.status === "failed") return `${red("✗")} ${text}`;
  const isNext = run.status === "open" && firstOpen(run) === title;
  if (isNext || step?.status === "intended")
    return `${yellow("›")} ${text} ${dim(duration(runningMs))}${about}`;
  return dim(`· ${text}`) + about;
}

function firstOpen(run: RunState): string | undefined {
  return steps(run, run.direction).find((step) => run[run.direction][step.key]?.status !== "verified")?.title;
}

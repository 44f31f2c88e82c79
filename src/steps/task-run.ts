// task.run: a command that runs once in the new release (a migration). Its end is read from the target, by op.
import { ok, problem, type Result } from "../core/result.ts";
import type { DatabaseMoment } from "../core/salvage/window.ts";
import type { StepKind } from "../ports/step.ts";
import type { TaskState } from "../ports/tasks.ts";
import type { World } from "../ports/world.ts";
import { taskInput } from "./inputs.ts";

const spareMs = 10_000;

export const taskRun: StepKind = {
  kind: "task.run",
  class: "once",
  limitMs: (input) => taskInput.parse(input).timeoutMs + spareMs,
  // By this and by the moment after it, what it wrote in the database is told from what users wrote.
  before: async ({ world }) => ok(await momentOf(world)),
  async run({ world, op, release }, input) {
    const { service, release: id, name, argv, timeoutMs } = taskInput.parse(input);
    if (!world.tasks)
      return problem("config", `this runtime cannot run the task ${name}`, "Take it out of lastgood.yml.");
    const ended = await world.tasks.run(op, release(id), { service, argv, timeoutMs });
    return ended.ok ? verdictOf(name, ended.value) : ended;
  },
  async probe({ world, op, before }, input) {
    const { name } = taskInput.parse(input);
    const state = await world.tasks?.state(op.id);
    if (!state?.ok) return { is: "unknown", what: state?.error.what ?? `nothing here can run ${name}` };
    if (state.value.is === "absent") return { is: "absent" };
    if (state.value.is === "running") return { is: "unknown", what: `${name} still runs` };
    const verdict = verdictOf(name, state.value);
    return verdict.ok
      ? {
          is: "applied",
          evidence: { ...verdict.value, after: before === null ? null : await momentOf(world) },
        }
      : { is: "partial", what: verdict.error.what };
  },
  // What a command that failed has left behind only a person can tell.
  repair: async (_, input) =>
    problem(
      "needs-person",
      `${taskInput.parse(input).name} failed half-way`,
      "Look at what it did, then deploy again.",
    ),
};

/** A note, which holds nothing up: without it salvage shows the task's rows among those of users. */
async function momentOf({ database }: World): Promise<DatabaseMoment | null> {
  const moment = await database?.moment?.();
  return moment?.ok ? moment.value : null;
}

function verdictOf(name: string, state: TaskState): Result<{ readonly task: string; readonly exitCode: 0 }> {
  if (state.is === "ended" && state.exitCode === 0) return ok({ task: name, exitCode: 0 });
  if (state.is !== "ended") return problem("failed", `${name} did not end`, "lastgood status shows more.");
  const lines = state.lastLines.map((line) => `    ${line.slice(0, 300)}`).join("\n");
  const what = `${name} ended with exit code ${state.exitCode}. ${lines === "" ? "It printed nothing." : `Its last lines:\n${lines}`}`;
  return problem("failed", what, "Mend it and deploy again; what serves was not touched.");
}

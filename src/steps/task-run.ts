// task.run: a command that runs once in the new release (a migration). Its end is read from the target, by op.
import type { Json } from "../core/json.ts";
import { ok, problem, type Result } from "../core/result.ts";
import type { StepKind } from "../ports/step.ts";
import type { TaskState } from "../ports/tasks.ts";
import { taskInput } from "./inputs.ts";

const spareMs = 10_000;

export const taskRun: StepKind = {
  kind: "task.run",
  class: "once",
  limitMs: (input) => taskInput.parse(input).timeoutMs + spareMs,
  before: async () => ok(null),
  async run({ world, op, release }, input) {
    const { service, release: id, name, argv, timeoutMs } = taskInput.parse(input);
    if (!world.tasks)
      return problem("config", `this runtime cannot run the task ${name}`, "Take it out of lastgood.yml.");
    const ended = await world.tasks.run(op, release(id), { service, argv, timeoutMs });
    return ended.ok ? verdictOf(name, ended.value) : ended;
  },
  async probe({ world, op }, input) {
    const { name } = taskInput.parse(input);
    const state = await world.tasks?.state(op.id);
    if (!state?.ok) return { is: "unknown", what: state?.error.what ?? `nothing here can run ${name}` };
    if (state.value.is === "absent") return { is: "absent" };
    if (state.value.is === "running") return { is: "unknown", what: `${name} still runs` };
    const verdict = verdictOf(name, state.value);
    return verdict.ok
      ? { is: "applied", evidence: verdict.value }
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

function verdictOf(name: string, state: TaskState): Result<Json> {
  if (state.is === "ended" && state.exitCode === 0) return ok({ task: name, exitCode: 0 });
  if (state.is !== "ended") return problem("failed", `${name} did not end`, "lastgood status shows more.");
  const lines = state.lastLines.map((line) => `    ${line.slice(0, 300)}`).join("\n");
  const what = `${name} ended with exit code ${state.exitCode}. ${lines === "" ? "It printed nothing." : `Its last lines:\n${lines}`}`;
  return problem("failed", what, "Mend it and deploy again; what serves was not touched.");
}

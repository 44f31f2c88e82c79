// Who holds the journal: what it wrote down about itself, and how it is ended when it is hung.
import { type Holder, holder as holderSchema } from "../core/event.ts";
import { limits } from "../core/limits.ts";
import { ok, problem, type Result } from "../core/result.ts";
import { type Machine, thisMachine } from "./machine.ts";
import type { StatePaths } from "./paths.ts";

export async function readHolder(files: Machine["files"], paths: StatePaths): Promise<Holder | null> {
  const text = await files.read(paths.holder);
  if (!text.ok) return null;
  try {
    return holderSchema.parse(JSON.parse(text.value.toString("utf8")));
  } catch {
    return null;
  }
}

export async function hung(paths: StatePaths) {
  const holder = await readHolder(thisMachine().files, paths);
  const who = holder ? `process ${holder.pid} (${holder.who})` : "somebody";
  const next = "Say --take-over to end it and go on without it; what it had begun is taken up safely.";
  return { code: "busy" as const, what: `the controller, ${who}, does not answer`, next };
}

/** End a hung controller, and only that: pid, start time and boot must be those that it wrote down itself. */
export async function endHolder(paths: StatePaths): Promise<Result<Holder | null>> {
  const { files, processes, clock } = thisMachine();
  const holder = await readHolder(files, paths);
  if (!holder || holder.bootId !== clock.bootId() || !processes.alive(holder)) return ok(null);
  // A frozen process does not hear TERM.
  processes.signal(holder, "SIGKILL");
  for (let waited = 0; waited < limits.controllerAnswerMs; waited += 10) {
    if (!processes.alive(holder)) return ok(holder);
    await clock.sleep(10);
  }
  return problem(
    "failed",
    `process ${holder.pid} could not be ended`,
    `End it by hand: kill -9 ${holder.pid}`,
  );
}

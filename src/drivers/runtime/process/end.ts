// Ends an instance: ask, wait, kill, and look whether it is really gone.
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import type { ProcessRef } from "../../../ports/processes.ts";
import type { Layout, ProcessRuntimeDeps } from "./config.ts";
import type { Fence } from "./fence.ts";
import { markedProcesses } from "./seen.ts";

/** For helpers that the main process left behind. */
const LEFTOVER_GRACE_MS = 2_000;
/** The kernel needs this at most to end a process that is not stuck in it. */
const KILL_MS = 5_000;
const LOOK_EVERY_MS = 25;

type Phase = {
  readonly signal: "SIGTERM" | "SIGKILL";
  readonly waitMs: number;
  /** Who is to end, looked up anew: helpers come and go. */
  readonly whom: () => Promise<readonly ProcessRef[]>;
};

/**
 * End `main` and all that carries the instance's mark. The main process goes first and alone (with its group),
 * so that it can finish its requests with its helpers still there. Ok at once when nothing is alive.
 */
export async function endInstance(
  deps: ProcessRuntimeDeps,
  where: Layout,
  fence: Fence,
  op: Op,
  instance: { readonly id: string; readonly main: ProcessRef | null; readonly graceMs: number },
): Promise<Result<void>> {
  const { id, main, graceMs } = instance;
  const mainAlive = (): readonly ProcessRef[] => (main !== null && deps.processes.alive(main) ? [main] : []);
  const everybody = async (): Promise<readonly ProcessRef[]> => {
    const marked = (await markedProcesses(deps, where)).get(id) ?? [];
    return [...mainAlive(), ...marked.filter(({ pid }) => pid !== main?.pid)];
  };
  const phases: readonly Phase[] = [
    { signal: "SIGTERM", waitMs: graceMs, whom: async () => mainAlive() },
    // Where the main process has used up its grace, its helpers get none.
    {
      signal: "SIGTERM",
      waitMs: LEFTOVER_GRACE_MS,
      whom: async () => (mainAlive().length > 0 ? [] : everybody()),
    },
    { signal: "SIGKILL", waitMs: KILL_MS, whom: everybody },
  ];
  for (const phase of phases) {
    const ended = await runPhase(deps, fence, op, phase);
    if (!ended.ok) return ended;
  }
  const left = await everybody();
  return left.length === 0 ? ok(undefined) : stuck(id, left);
}

async function runPhase(deps: ProcessRuntimeDeps, fence: Fence, op: Op, phase: Phase): Promise<Result<void>> {
  const { clock, processes } = deps;
  const until = clock.elapsed() + phase.waitMs;
  const told = new Set<string>();
  let left = await phase.whom();
  while (left.length > 0) {
    const allowed = await fence.still(op);
    if (!allowed.ok) return allowed;
    for (const ref of left.filter((one) => !told.has(`${one.pid}:${one.startTime}`))) {
      told.add(`${ref.pid}:${ref.startTime}`);
      processes.signal(ref, phase.signal);
    }
    if (clock.elapsed() >= until) return ok(undefined);
    await clock.sleep(LOOK_EVERY_MS, op.signal);
    if (op.signal.aborted) return calledOff();
    if (!left.some((ref) => processes.alive(ref))) left = await phase.whom();
  }
  return ok(undefined);
}

function calledOff(): Result<never> {
  return problem(
    "cancelled",
    "stopping was called off while the instance was ending",
    "look whether it has ended; stopping it again is harmless",
  );
}

function stuck(id: string, left: readonly ProcessRef[]): Result<never> {
  const pids = left.map(({ pid }) => pid).join(", ");
  return problem(
    "failed",
    `${id} is still alive after SIGKILL (pid ${pids})`,
    "it hangs in the kernel, most often on a disk or network drive: look with `ps -o stat,wchan -p`",
  );
}

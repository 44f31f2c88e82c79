// Ends whatever commands of a step are still alive.
import type { Children } from "../ports/children.ts";
import type { Clock } from "../ports/clock.ts";
import type { Processes, ProcessRef } from "../ports/processes.ts";

/** Time that a command has to end by itself after SIGTERM. */
const GRACE_MS = 2_000;
/** The kernel needs this at most to end a process that is not stuck in it. */
const KILL_MS = 5_000;
const LOOK_EVERY_MS = 20;

/**
 * Finds them by `LASTGOOD_OP` in their environment, so those that left the process group are found too.
 * Throws where a process is still there after SIGKILL: then nobody can say that the step has settled.
 */
export function localChildren(processes: Processes, clock: Clock): Children {
  const self = processes.self();
  const left = async (op: string): Promise<readonly ProcessRef[]> =>
    (await processes.find("LASTGOOD_OP", op)).filter(({ pid }) => pid !== self.pid);

  return {
    reap: async (op) => {
      const seen = new Set<string>();
      for (const [signal, waitMs] of [
        ["SIGTERM", GRACE_MS],
        ["SIGKILL", KILL_MS],
      ] as const) {
        const until = clock.elapsed() + waitMs;
        const told = new Set<string>();
        let found = await left(op);
        while (found.length > 0 && clock.elapsed() < until) {
          // A child may start another one while it ends: whoever is new is told as well.
          for (const child of found.filter((ref) => !told.has(name(ref)))) {
            told.add(name(child));
            seen.add(name(child));
            processes.signal(child, signal);
          }
          await clock.sleep(LOOK_EVERY_MS);
          found = found.some((ref) => processes.alive(ref)) ? found : await left(op);
        }
        if (found.length === 0) return seen.size;
      }
      const stuck = await left(op);
      if (stuck.length > 0)
        throw new Error(`processes ${stuck.map(({ pid }) => pid).join(", ")} outlive SIGKILL`);
      return seen.size;
    },
  };
}

function name(ref: ProcessRef): string {
  return `${ref.pid}:${ref.startTime}`;
}

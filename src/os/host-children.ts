// Ends whatever commands of a step are still alive on a host that runs commands. Linux over there.
import type { Children } from "../ports/children.ts";
import type { Clock } from "../ports/clock.ts";
import type { Host } from "../ports/host.ts";
import { small } from "./host-command.ts";

/** Time that a command has to end by itself after SIGTERM. */
const GRACE_MS = 2_000;
const KILL_MS = 5_000;
const LOOK_EVERY_MS = 100;

/**
 * `own` reaps on this machine, where the ssh client of the command may live still: first that one, then what it left
 * over there. Throws where a process outlives SIGKILL or the host can't be asked: then nobody can say that the step has
 * settled.
 */
export function hostChildren(host: Host, clock: Clock, own: Children): Children {
  return {
    reap: async (op) => {
      const here = await own.reap(op);
      const seen = new Set<string>();
      for (const [signal, waitMs] of [
        ["TERM", GRACE_MS],
        ["KILL", KILL_MS],
      ] as const) {
        const until = clock.elapsed() + waitMs;
        const told = new Set<string>();
        let left = await alive(host, op);
        while (left.length > 0 && clock.elapsed() < until) {
          const fresh = left.filter((pid) => !told.has(pid));
          // One that has ended meanwhile is no failure: who is left is looked at next.
          if (fresh.length > 0)
            await small(host, { argv: ["kill", `-${signal}`, ...fresh], effect: "write" });
          for (const pid of fresh) {
            told.add(pid);
            seen.add(pid);
          }
          await clock.sleep(LOOK_EVERY_MS);
          left = await alive(host, op);
        }
        if (left.length === 0) return here + seen.size;
      }
      throw new Error(`processes of ${op} on ${host.name} outlive SIGKILL`);
    },
  };
}

/** Zombies have no environment, so they are not found. */
async function alive(host: Host, op: string): Promise<readonly string[]> {
  const files = ["find", "/proc", "-maxdepth", "2", "-path", "/proc/[0-9]*/environ"] as const;
  const match = ["-exec", "grep", "-lzFx", "-e", `LASTGOOD_OP=${op}`, "--", "{}", "+"];
  const ran = await small(host, { argv: [...files, ...match], effect: "read" });
  if (!ran.ok) throw new Error(`${host.name} can't be asked for processes of ${op}: ${ran.error.what}`);
  // grep ends badly where it finds nothing or a process ends while it looks: what it printed is the answer.
  if (ran.value.exitCode === null) throw new Error(`${host.name} did not say which processes of ${op} live`);
  return ran.value.stdout.split("\n").flatMap((line) => /^\/proc\/(\d+)\//.exec(line)?.[1] ?? []);
}

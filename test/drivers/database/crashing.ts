// Files that fail or crash at their n-th call, and a process that is dead from then on.
import { problem } from "../../../src/core/result.ts";
import type { SqliteDeps } from "../../../src/drivers/database/sqlite/sqlite.ts";

/** `error`: the call fails and says so. `before`, `after`: the process dies, and the call was not made, or was. */
export type Fault = "error" | "before" | "after";

export class Crash extends Error {
  override name = "Crash";
}

/** A crash around a call that only looks is the same as one before the next call that changes something. */
const looks = new Set(["read", "stat", "list", "real", "owner"]);

/** Only calls that change something count, but for `error`. `calls()` tells how many there were. */
export function crashing(deps: SqliteDeps, at: number, fault: Fault): { deps: SqliteDeps; calls(): number } {
  let calls = 0;
  let dead = false;
  const wrap = <T extends object>(target: T): T =>
    new Proxy(target, {
      get:
        (object, name) =>
        async (...args: unknown[]) => {
          if (dead) throw new Crash();
          const counts = fault === "error" || !looks.has(String(name));
          const now = counts && ++calls === at;
          if (now && fault === "error")
            return problem("failed", `call ${calls} (${String(name)}) failed`, "again");
          dead = now && fault === "before";
          if (dead) throw new Crash();
          const value = await (object[name as keyof T] as (...all: unknown[]) => unknown)(...args);
          dead ||= now;
          if (dead) throw new Crash();
          return value;
        },
    });
  return { deps: { ...deps, files: wrap(deps.files), swap: wrap(deps.swap) }, calls: () => calls };
}

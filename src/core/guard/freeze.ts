// While deploys are frozen nothing new goes out; ways back always may.
import type { EnvState } from "../env-state.ts";
import type { Problem } from "../result.ts";

export function guardFreeze({ frozen }: EnvState): Problem | null {
  if (frozen === null) return null;
  return {
    code: "refused",
    what: `deploys are frozen since ${new Date(frozen.at).toISOString()} by ${frozen.by}: ${frozen.why}`,
    next: 'When it is safe again: lastgood freeze --lift "why". lastgood rollback works all the same.',
  };
}

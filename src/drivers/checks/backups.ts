// Backups: is there one, is it whole, how old is the newest.
import { bad, type Look, size, span, warn, well } from "../../core/doctor/look.ts";
import { ok, type Result } from "../../core/result.ts";
import type { Check } from "../../ports/checkup.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Database } from "../../ports/database.ts";

export type BackupsConfig = { readonly withinMs: number };

export function backups({ withinMs }: BackupsConfig, deps: { database: Database; clock: Clock }): Check {
  return {
    name: "backups",
    about: "",
    next: "The place of the backups does not answer: df -h",
    async look(): Promise<Result<readonly Look[]>> {
      const all = await deps.database.backups();
      if (!all.ok) return all;
      const [newest] = all.value.filter((one) => one.damaged === undefined);
      const next = "A deploy takes one first; or take one by hand now.";
      if (!newest) {
        const none = all.value.length > 0 ? "all backups are damaged" : "there is none yet";
        return ok([all.value.length > 0 ? bad("", none, next) : warn("", none, next)]);
      }
      const ageMs = Math.max(0, deps.clock.now() - newest.at);
      const data = { newest: newest.id, ageMs, bytes: newest.bytes, count: all.value.length };
      const what = `newest ${span(ageMs)} old, ${size(newest.bytes)}, ${all.value.length} kept`;
      return ok([ageMs > withinMs ? warn("", what, next, data) : well("", what, data)]);
    },
  };
}

// The archive of the database's WAL: what is missing before it works, and how far back it reaches.
import { bad, type Look, span, warn, well } from "../../core/doctor/look.ts";
import { ok, type Result } from "../../core/result.ts";
import type { Check } from "../../ports/checkup.ts";
import type { Clock } from "../../ports/clock.ts";
import type { PointInTime } from "../../ports/point-in-time.ts";

export function archive(deps: { readonly pointInTime: PointInTime; readonly clock: Clock }): Check {
  return {
    name: "archive",
    about: "",
    next: "The archive or the database does not answer: pgbackrest info",
    async look(): Promise<Result<readonly Look[]>> {
      const [missing, there] = await Promise.all([deps.pointInTime.lacks(), deps.pointInTime.reach()]);
      if (!missing.ok) return missing;
      if (missing.value.length > 0)
        return ok(
          missing.value.map(({ what, next, file, lines }) =>
            bad("", what, [next, ...lines].join("\n"), { file, lines: [...lines] }),
          ),
        );
      if (!there.ok) return there;
      const { about, from, sets, points } = there.value;
      const data = { sets: sets.length, points: points.length, from };
      if (from === null)
        return ok([warn("", `${about}: no copy of the server yet`, "lastgood backup now", data)]);
      const back = span(Math.max(0, deps.clock.now() - from));
      return ok([well("", `${about}: back to any moment of the last ${back}`, data)]);
    },
  };
}

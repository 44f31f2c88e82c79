// systemd units: state, result, restarts, since when.
import { bad, type Look, span, unknown, warn, well } from "../../core/doctor/look.ts";
import { ok, type Result } from "../../core/result.ts";
import type { Check } from "../../ports/checkup.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Host } from "../../ports/host.ts";
import { askText } from "./ask.ts";

const properties = "Id,LoadState,ActiveState,SubState,Result,NRestarts,ActiveEnterTimestamp,ExecMainStatus";

export function units(names: readonly string[], deps: { host: Host; clock: Clock }): Check {
  return {
    name: "units",
    about: names.join(" "),
    next: "systemctl --failed",
    async look(signal): Promise<Result<readonly Look[]>> {
      // UTC, so that the time stands in a form that can be read everywhere.
      const argv = ["systemctl", "show", `--property=${properties}`, "--", ...names] as const;
      const text = await askText(deps.host, argv, signal, { TZ: "UTC", LC_ALL: "C" });
      if (!text.ok) return text;
      return ok(blocks(text.value).map((unit) => lookAt(unit, deps.clock.now())));
    },
  };
}

type Unit = Readonly<Record<string, string>>;

/** `Name=value` lines, an empty line between two units. */
export function blocks(text: string): readonly Unit[] {
  return text
    .split(/\n\s*\n/)
    .filter((block) => block.trim() !== "")
    .map((block) =>
      Object.fromEntries(
        block
          .split("\n")
          .filter((line) => line.includes("="))
          .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
      ),
    );
}

function lookAt(unit: Unit, now: number): Look {
  const name = unit["Id"] ?? "unit";
  const state = unit["ActiveState"] ?? "unknown";
  const restarts = Number(unit["NRestarts"] ?? 0);
  const since = Date.parse((unit["ActiveEnterTimestamp"] ?? "").replace(/^[A-Za-z]+ /, ""));
  const logs = `lastgood logs ${name.replace(/\.service$/, "")}`;
  const data = {
    state,
    sub: unit["SubState"] ?? null,
    result: unit["Result"] ?? null,
    restarts,
    since: Number.isNaN(since) ? null : since,
  };
  if (unit["LoadState"] === "not-found") return unknown(name, "no such unit on this machine");
  if (unit["SubState"] === "auto-restart")
    return bad(name, `dies again and again: ${restarts} restarts, ${unit["Result"]}`, logs, data);
  if (state === "failed")
    return bad(name, `failed: ${unit["Result"]}, exit ${unit["ExecMainStatus"]}`, logs, data);
  if (state === "inactive" || state === "deactivating")
    return bad(name, "is not running", `systemctl start ${name}`, data);
  if (state !== "active") return warn(name, state, logs, data);
  const up = data.since === null ? "active" : `active ${span(Math.max(0, now - since))}`;
  return restarts > 0 ? warn(name, `${up}, after ${restarts} restarts`, logs, data) : well(name, up, data);
}

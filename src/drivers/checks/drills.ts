// Is the way back proved: the newest drill, the second place, and what was last asked of the data.
import { restoreMs } from "../../core/backups/proof.ts";
import type { BackupState, Drill, Integrity } from "../../core/backups/state.ts";
import { bad, type Look, span, warn, well } from "../../core/doctor/look.ts";
import { ok, type Result } from "../../core/result.ts";
import type { Check } from "../../ports/checkup.ts";
import type { Clock } from "../../ports/clock.ts";
import type { AskVitals } from "./controller.ts";

export type DrillsConfig = {
  readonly env: string;
  /** How often drills are scheduled, ms; null: only by hand. Twice as old is a warning. */
  readonly everyMs: number | null;
  readonly assertions: number;
  /** The second place that backups go to as they are, off this machine; null: none, or they are closed before. */
  readonly bareAt: string | null;
};

const usualMs = 7 * 86_400_000;

export function drills(config: DrillsConfig, ask: AskVitals, { clock }: { clock: Clock }): Check {
  return {
    name: "restore",
    about: "",
    next: null,
    async look(): Promise<Result<readonly Look[]>> {
      const vitals = await ask();
      // The controller's own check tells it already, once for all environments.
      if (!vitals.ok) return ok([]);
      const state = vitals.value.environments.find((one) => one.env === config.env)?.backups;
      if (!state) return ok([]);
      const now = clock.now();
      return ok([
        drillLook(config, state, now),
        ...copyLook(state),
        ...bareLook(config),
        ...integrityLook(config, state, now),
      ]);
    },
  };
}

function drillLook({ everyMs }: DrillsConfig, state: BackupState, now: number): Look {
  const drill = state.drills.at(-1);
  if (!drill)
    return warn("", "never drilled: nobody knows whether a backup can be restored", "lastgood drill");
  const ageMs = Math.max(0, now - drill.at);
  const takesMs = restoreMs(state, drill.bytes);
  const data = { backup: drill.backup, ageMs, takesMs, ok: drill.problem === null };
  if (drill.problem !== null)
    return bad("", `the drill ${span(ageMs)} ago failed: ${drill.problem}`, "lastgood backup list", data);
  const what = `drilled ${span(ageMs)} ago, takes ${span(takesMs ?? drill.ms)}${ranWords(drill)}`;
  return ageMs > 2 * (everyMs ?? usualMs) ? warn("", what, "lastgood drill", data) : well("", what, data);
}

/** A restored copy that no release ran on is half a proof. */
function ranWords({ smoke }: Drill): string {
  if (!smoke) return "";
  return smoke.works === "yes" ? ", its release ran on the copy" : ", no release was tried on the copy";
}

function copyLook({ copied }: BackupState): readonly Look[] {
  if (copied === null || copied.problem === null) return [];
  return [
    bad("second place", `has no copy of ${copied.backup}: ${copied.problem}`, "lastgood backup now", {
      to: copied.to,
    }),
  ];
}

function bareLook({ bareAt }: DrillsConfig): readonly Look[] {
  if (bareAt === null) return [];
  const what = `backups go to ${bareAt} unencrypted: whoever gets at them there reads everything`;
  return [
    warn("encryption", what, "database: encryptionKeyFile in lastgood.yml (kind postgres)", { to: bareAt }),
  ];
}

function integrityLook(
  { assertions }: DrillsConfig,
  { integrity }: BackupState,
  now: number,
): readonly Look[] {
  const { live } = integrity;
  if (assertions === 0) return [];
  if (!live) return [warn("data", "its integrity checks were never asked", "lastgood backup verify")];
  return [integrityOf(live, now)];
}

function integrityOf({ at, checks, failures }: Integrity, now: number): Look {
  const ago = span(Math.max(0, now - at));
  const data = { checks, failures: failures.map((one) => ({ ...one })), ageMs: Math.max(0, now - at) };
  if (failures.length === 0) return well("data", `${checks} integrity checks held ${ago} ago`, data);
  const words = failures.map(({ name, what }) => `${name}: ${what}`).join("; ");
  return bad("data", `not right ${ago} ago: ${words}`, "lastgood restore --plan", data);
}

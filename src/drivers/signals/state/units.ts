// What happened to systemd units: restarts by systemd itself, memory that ran out, ends that nobody asked for.
import { z } from "zod";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { SignalEvent } from "../../../core/signals/event.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Host } from "../../../ports/host.ts";
import type { Batch, Signals } from "../../../ports/signals.ts";
import { askText } from "../../checks/ask.ts";
import { blocks } from "../../checks/units.ts";
import { polled } from "../polled.ts";

export type UnitStateConfig = {
  /** Units of the app, whichever release of it they run. */
  readonly units: readonly string[];
  /** Units that belong to no release, such as a front. */
  readonly others: readonly string[];
  readonly intervalMs: number;
};

const properties = "Id,LoadState,ActiveState,SubState,Result,NRestarts,InvocationID,ExecMainStatus";

const unit = z.object({
  /** Restarts since it was last started by hand. */
  restarts: z.number(),
  failed: z.boolean(),
  result: z.string(),
  status: z.string(),
  /** Whether there is such a unit. */
  there: z.boolean(),
});
type Unit = z.infer<typeof unit>;
const units = z.record(z.string(), unit);
type Units = z.infer<typeof units>;

const position = z.object({ units: units.nullable() });

/**
 * What changed between two looks: systemd counts its own restarts, so none is missed however far the looks are apart,
 * also while no controller ran. A start by a person begins the count anew, and is no event.
 */
export function unitSignals(
  config: UnitStateConfig,
  { host, clock }: { readonly host: Host; readonly clock: Clock },
): Signals {
  const names = [...config.units, ...config.others];
  const poll = polled({ intervalMs: config.intervalMs, question: () => look(names, host) }, clock);
  return {
    name: "state:units",
    about: "state",
    async position() {
      const newest = poll.recent();
      poll.ask();
      // A deploy waits for nobody: where nothing is known yet, the first look is what is compared with.
      return ok({ units: newest?.answer.ok ? newest.answer.value : null });
    },
    async observe(from): Promise<Result<Batch>> {
      poll.ask();
      const known = position.safeParse(from);
      const before = known.success ? known.data.units : null;
      const newest = poll.newest();
      const seen = newest?.answer.ok ? newest.answer.value : null;
      const events =
        seen === null || before === null
          ? []
          : changes(before, seen, { at: newest?.at ?? clock.now(), others: config.others });
      const blind = newest?.answer.ok === false ? newest.answer.error.what : gone(names, seen);
      return ok({ observations: [], events, next: { units: seen ?? before }, unparsed: 0, blind });
    },
  };
}

async function look(names: readonly string[], host: Host): Promise<Result<Units>> {
  const argv = ["systemctl", "show", `--property=${properties}`, "--", ...names] as const;
  const text = await askText(host, argv, new AbortController().signal, { TZ: "UTC", LC_ALL: "C" });
  if (!text.ok) return text;
  const found = blocks(text.value);
  if (found.length < names.length)
    return problem("failed", "systemctl show left out units", "systemctl --failed");
  // In the order of the question: what a unit calls itself may be another name.
  return ok(Object.fromEntries(names.map((name, i) => [name, unitOf(found[i] ?? {})])));
}

function unitOf(block: Readonly<Record<string, string>>): Unit {
  return {
    restarts: Number(block["NRestarts"] ?? 0),
    failed: block["ActiveState"] === "failed",
    result: block["Result"] ?? "",
    status: block["ExecMainStatus"] ?? "",
    there: block["LoadState"] !== "not-found",
  };
}

function gone(names: readonly string[], seen: Units | null): string | null {
  const missing = seen === null ? [] : names.filter((name) => seen[name]?.there === false);
  return missing.length === 0 ? null : `there is no unit ${missing.join(", ")}`;
}

type Look = { readonly at: number; readonly others: readonly string[] };

function changes(before: Units, now: Units, { at, others }: Look): readonly SignalEvent[] {
  return Object.entries(now).flatMap(([subject, unit]): readonly SignalEvent[] => {
    const was = before[subject];
    if (was === undefined) return [];
    const common = { at, subject, ...(others.includes(subject) ? { release: "" } : {}) };
    const oom = unit.result === "oom-kill";
    const restarts = unit.restarts - was.restarts;
    if (restarts > 0) {
      const times = restarts === 1 ? "" : ` ${restarts} times`;
      const why = oom ? "ran out of memory and was" : "died and was";
      const what = `${subject} ${why} started again by systemd${times}`;
      return [{ ...common, kind: oom ? "oom" : "restart", what, weight: restarts }];
    }
    if (!unit.failed || was.failed) return [];
    const why = oom ? "ran out of memory" : `ended: ${unit.result}, exit ${unit.status}`;
    return [{ ...common, kind: oom ? "oom" : "exit", what: `${subject} ${why}, and stays down` }];
  });
}

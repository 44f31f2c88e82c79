// lastgood flag list | show | on | off | set | lift | history | doctor, and flag key add | list | revoke
import { parseDuration } from "../../core/flags/duration.ts";
import type { JsonObject } from "../../core/json.ts";
import { exitCodes, type Outcome, stopped } from "../../core/view/outcome.ts";
import { findingList, flagHistoryText, flagPage, flagTable, keyTable } from "../format/flags.ts";
import type { Io } from "../io.ts";
import { connected, type Shared, type Shown, show } from "../run.ts";

const quiet = { durations: () => undefined, event: () => undefined };

export async function flagListCommand(it: Shared): Promise<Shown> {
  const outcome = await connected(it, "flag", (to) => to.call("flag.list", { env: it.env }, quiet));
  return shown(it, outcome, flagTable);
}

export async function flagShowCommand(it: Shared, flag: string): Promise<Shown> {
  const outcome = await connected(it, "flag", (to) => to.call("flag.show", { env: it.env, flag }, quiet));
  return shown(it, outcome, flagPage);
}

export async function flagHistoryCommand(it: Shared, flag: string | null, limit: string): Promise<Shown> {
  const rows = Math.min(Math.max(Math.trunc(Number(limit)) || 30, 1), 200);
  const input = { env: it.env, flag, limit: rows };
  const outcome = await connected(it, "flag", (to) => to.call("flag.history", input, quiet));
  return shown(it, outcome, flagHistoryText);
}

export async function flagDoctorCommand(it: Shared, source: string | null): Promise<Shown> {
  const input = { env: it.env, source };
  const outcome = await connected(it, "flag", (to) => to.call("flag.doctor", input, quiet));
  return shown(it, outcome, findingList);
}

type SwitchOptions = {
  readonly flag: string;
  readonly to: "on" | "off" | { readonly variant: string };
  readonly why?: string;
  readonly incident?: string;
  readonly for?: string;
  readonly forceLive?: boolean;
};

export async function flagSwitchCommand(it: Shared, options: SwitchOptions): Promise<Shown> {
  const forMs = timeOf(options.for);
  if (forMs === "wrong") return wrongTime(it, options.for ?? "");
  const input = {
    env: it.env,
    flag: options.flag,
    to: options.to,
    by: it.io.user,
    why: options.why ?? null,
    incident: options.incident ?? null,
    forMs,
    forceLive: options.forceLive === true,
  };
  return connected(it, "flag", (to) => to.call("flag.switch", input, quiet));
}

export async function flagLiftCommand(it: Shared, flag: string, why: string | null): Promise<Shown> {
  const input = { env: it.env, flag, by: it.io.user, why };
  return connected(it, "flag", (to) => to.call("flag.lift", input, quiet));
}

export async function flagKeyAddCommand(it: Shared, label: string, time: string | null): Promise<Shown> {
  const forMs = timeOf(time ?? undefined);
  if (forMs === "wrong") return wrongTime(it, time ?? "");
  const input = { env: it.env, label, by: it.io.user, forMs };
  return connected(it, "flag", (to) => to.call("flag.key.add", input, quiet));
}

export async function flagKeyListCommand(it: Shared): Promise<Shown> {
  const outcome = await connected(it, "flag", (to) => to.call("flag.key.list", { env: it.env }, quiet));
  return shown(it, outcome, keyTable);
}

export async function flagKeyRevokeCommand(it: Shared, key: string): Promise<Shown> {
  const input = { env: it.env, key, by: it.io.user };
  return connected(it, "flag", (to) => to.call("flag.key.revoke", input, quiet));
}

/** The table, and beneath it what it means. */
function shown(it: Shared, outcome: Outcome, text: (data: JsonObject, io: Io) => string): Shown {
  const has = Object.keys(outcome.data).length > 0;
  show(it, outcome, has && !it.json ? text(outcome.data, it.io) : "");
  return { exit: exitCodes[outcome.outcome] };
}

function timeOf(text: string | undefined): number | null | "wrong" {
  return text === undefined ? null : (parseDuration(text) ?? "wrong");
}

function wrongTime(it: Shared, text: string): Outcome {
  const next = "Write a whole number and s, m, h or d, such as 30m.";
  return stopped("flag", it.env, { code: "usage", what: `"${text}" is no time`, next });
}

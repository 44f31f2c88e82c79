// lastgood status | history
import type { JsonObject } from "../../core/json.ts";
import { exitCodes } from "../../core/view/outcome.ts";
import { historyText } from "../format/history.ts";
import { statusText } from "../format/status.ts";
import { connected, type Shared, type Shown, show } from "../run.ts";

const quiet = { durations: () => undefined, event: () => undefined };

export async function statusCommand(it: Shared, all: boolean): Promise<Shown> {
  const outcome = await connected(it, "status", (connection) =>
    connection.call("status", { env: all ? null : it.env }, quiet),
  );
  const environments = (outcome.data["environments"] as JsonObject[] | undefined) ?? [];
  if (it.json || environments.length === 0) show(it, outcome);
  else it.io.out(`${environments.map((one) => statusText(one, it.io)).join("\n\n")}\n`);
  return { exit: exitCodes[outcome.outcome] };
}

export async function historyCommand(it: Shared, limit: string): Promise<Shown> {
  const rows = Math.min(Math.max(Math.trunc(Number(limit)) || 30, 1), 1_000);
  const outcome = await connected(it, "history", (connection) =>
    connection.call("history", { env: it.env, limit: rows }, quiet),
  );
  if (it.json || exitCodes[outcome.outcome] !== 0) show(it, outcome);
  else it.io.out(`${historyText(outcome.data, it.io)}\n`);
  return { exit: exitCodes[outcome.outcome] };
}

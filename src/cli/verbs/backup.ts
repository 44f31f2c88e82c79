// lastgood backup now | list | show | verify, and lastgood drill
import type { JsonObject } from "../../core/json.ts";
import { exitCodes, type Outcome } from "../../core/view/outcome.ts";
import type { Connection, Progress } from "../connection.ts";
import { backupsText, backupText } from "../format/backups.ts";
import { showProgress } from "../format/progress.ts";
import { waysText } from "../format/ways.ts";
import type { Io } from "../io.ts";
import { connected, type Shared, type Shown, show } from "../run.ts";

const quiet = { durations: () => undefined, event: () => undefined };

export async function backupNowCommand(it: Shared): Promise<Shown> {
  const outcome = await lasting(it, "backup", (connection, progress) =>
    connection.call("backup.now", { env: it.env, by: it.io.user }, progress),
  );
  return withBody(it, outcome, "ways", (data, io) => waysText(data, io).join("\n"));
}

export function backupVerifyCommand(it: Shared, backup: string | null): Promise<Shown> {
  return lasting(it, "backup", (connection, progress) =>
    connection.call("backup.verify", { env: it.env, backup, by: it.io.user }, progress),
  );
}

export function drillCommand(it: Shared, backup: string | null, at: string | null): Promise<Shown> {
  return lasting(it, "drill", (connection, progress) =>
    connection.call("drill", { env: it.env, backup, at, by: it.io.user }, progress),
  );
}

async function lasting(
  it: Shared,
  verb: string,
  call: (connection: Connection, progress: Progress) => Promise<Outcome>,
): Promise<Outcome> {
  const showing = showProgress(it.io);
  return connected(it, verb, (connection) => call(connection, showing)).finally(() => showing.stop());
}

export async function backupListCommand(it: Shared): Promise<Shown> {
  const outcome = await connected(it, "backup", (connection) =>
    connection.call("backup.list", { env: it.env }, quiet),
  );
  return withBody(it, outcome, "backups", backupsText);
}

export async function backupShowCommand(it: Shared, backup: string): Promise<Shown> {
  const outcome = await connected(it, "backup", (connection) =>
    connection.call("backup.show", { env: it.env, backup }, quiet),
  );
  return withBody(it, outcome, "backup", backupText);
}

function withBody(
  it: Shared,
  outcome: Outcome,
  key: string,
  text: (data: JsonObject, io: Io) => string,
): Shown {
  show(it, outcome, outcome.data[key] === undefined || it.json ? "" : text(outcome.data, it.io));
  return { exit: exitCodes[outcome.outcome] };
}

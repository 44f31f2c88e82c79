// What all use cases about backups do alike: find the database, find a backup, tell people.
import type { BackupState } from "../core/backups/state.ts";
import type { JsonObject } from "../core/json.ts";
import { ok, type Problem, problem, type Result } from "../core/result.ts";
import { envState } from "../core/state.ts";
import type { Outcome } from "../core/view/outcome.ts";
import type { Backup, Database } from "../ports/database.ts";
import type { Message } from "../ports/journal.ts";
import { type App, type Site, site } from "./app.ts";
import type { BackupDesk } from "./backup-desk.ts";

/** An environment that has a database to look after. */
export type Desk = {
  readonly site: Site;
  readonly database: Database;
  readonly desk: BackupDesk;
};

export function deskOf(app: App, env: string): Result<Desk> {
  const found = site(app, env);
  if (!found.ok) return found;
  const { backups: desk, world } = found.value;
  if (desk && world.database) return ok({ site: found.value, database: world.database, desk });
  return problem("config", `${env} has no database`, "Add a `database:` section to lastgood.yml.");
}

export function backupState(app: App, env: string): BackupState {
  return envState(app.deps.ledger.state(), env).backups;
}

/** One by its id; without one, the newest that is whole and that no restore kept. */
export async function findOne(database: Database, id: string | null): Promise<Result<Backup>> {
  const all = await database.backups();
  if (!all.ok) return all;
  const made = all.value.filter((one) => !isKept(one));
  const found =
    id === null ? made.find((one) => one.damaged === undefined) : all.value.find((one) => one.id === id);
  if (found) return ok(found);
  const known = all.value.slice(0, 3).map((one) => one.id);
  const what = id === null ? "there is no backup that is whole" : `there is no backup ${id}`;
  const next =
    known.length > 0 ? `There are: ${known.join(", ")}. All: lastgood backup list` : "lastgood backup now";
  return problem("missing", what, next);
}

/** What a restore replaced, kept to go back to. */
export function isKept({ id, op }: Backup): boolean {
  return id === `before-${op}`;
}

export function rowsOf({ rows }: Backup): number {
  return Object.values(rows).reduce((sum, count) => sum + count, 0);
}

/** Bad news that nobody watches a screen for. */
export function alarm(app: App, env: string, what: string, text: string): Message {
  const key = `backup-${app.ids.fresh(what.replaceAll(" ", "-"))}`;
  return { key, to: env, subject: `${env}: ${what}`, text };
}

export function said(verb: string, env: string, rest: Omit<Outcome, "verb" | "env" | "problem">): Outcome {
  return { verb, env, problem: null, ...rest };
}

export function problemData(error: Problem): JsonObject {
  return { ...error };
}

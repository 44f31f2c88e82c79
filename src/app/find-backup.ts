// What all use cases about backups do alike: find the database, find a backup, tell people.
import { isKept } from "../core/backups/kept.ts";
import { type BackupState, emptyBackupState } from "../core/backups/state.ts";
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
  /** Its name, where it is a store beside the database; left out: the database itself. */
  readonly store?: string;
};

/** `backup`: what is asked for, which says where it is from. Without one it is the database, where there is one. */
export function deskOf(app: App, env: string, backup: string | null = null): Result<Desk> {
  const all = desksOf(app, env);
  if (!all.ok) return all;
  const named = all.value.find(({ store }) => store !== undefined && backup?.startsWith(`${store}-`));
  const [first] = all.value;
  return first ? ok(named ?? first) : noDesk(env);
}

/** The database first. */
export function desksOf(app: App, env: string): Result<readonly Desk[]> {
  const found = site(app, env);
  if (!found.ok) return found;
  const { backups: desk, world, stores = {} } = found.value;
  const own = desk && world.database ? [{ site: found.value, database: world.database, desk }] : [];
  const beside = Object.entries(stores).flatMap(([store, kept]) => {
    const database = world.stores?.[store];
    return database ? [{ site: found.value, database, desk: kept, store }] : [];
  });
  return ok([...own, ...beside]);
}

function noDesk(env: string): Result<never> {
  return problem("config", `${env} has no database`, "Add a `database:` section to lastgood.yml.");
}

/** `store`: of one beside the database. */
export function backupState(app: App, env: string, store?: string): BackupState {
  const { backups } = envState(app.deps.ledger.state(), env);
  return store === undefined ? backups : (backups.stores?.[store] ?? emptyBackupState);
}

/** What marks a fact as one of a store beside the database. */
export function ofStore({ store }: Desk): { readonly store?: string } {
  return store === undefined ? {} : { store };
}

/** What is counted in it. */
export function unitOf({ store }: Desk): "rows" | "keys" {
  return store === undefined ? "rows" : "keys";
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

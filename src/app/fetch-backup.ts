// What is not here any more may lie at the second place: it is brought back when it is asked for.
import type { JsonObject } from "../core/json.ts";
import { err, ok, type Problem, problem, type Result } from "../core/result.ts";
import type { Backup } from "../ports/database.ts";
import type { DistantBackup, SecondPlace } from "../ports/second-place.ts";
import type { App } from "./app.ts";
import { type Desk, findOne, problemData } from "./find-backup.ts";

/** Who asks for a list does not wait longer for a place that does not answer. */
const listMs = 15_000;

/** As `findOne`; one that is missing or damaged here is fetched from the second place, where that has it. */
export async function findOrFetch(app: App, desk: Desk, id: string | null): Promise<Result<Backup>> {
  const found = await findOne(desk.database, id);
  const { second } = desk.desk;
  const isFine = found.ok ? found.value.damaged === undefined : found.error.code !== "missing";
  if (second === null || isFine) return found;
  const wanted = id === null ? await newestAt(second, () => true) : ok(id);
  if (!wanted.ok) return found.ok ? found : neither(found.error, wanted.error);
  if (wanted.value === null) return found;
  const fetched = await fetchOne(app, desk, second, wanted.value);
  if (fetched.ok) return findOne(desk.database, wanted.value);
  if (found.ok || fetched.error.code === "missing") return found;
  return neither(found.error, fetched.error);
}

/** The newest there that is not younger than `at`; null where there is none. */
export async function fetchNotYounger(app: App, desk: Desk, at: number): Promise<Result<Backup> | null> {
  const { second } = desk.desk;
  if (second === null) return null;
  const wanted = await newestAt(second, (one) => one.at <= at);
  if (!wanted.ok) return wanted;
  if (wanted.value === null) return null;
  const fetched = await fetchOne(app, desk, second, wanted.value);
  return fetched.ok ? findOne(desk.database, wanted.value) : fetched;
}

async function newestAt(
  second: SecondPlace,
  fits: (one: DistantBackup) => boolean,
): Promise<Result<string | null>> {
  const all = await second.list();
  return all.ok ? ok(all.value.find(fits)?.id ?? null) : all;
}

/** A fact only where there was something to fetch. */
async function fetchOne(app: App, { site }: Desk, second: SecondPlace, id: string): Promise<Result<void>> {
  const began = app.deps.clock.elapsed();
  const fetched = await second.fetch(id);
  if (!fetched.ok && fetched.error.code === "missing") return fetched;
  const ms = Math.round(app.deps.clock.elapsed() - began);
  const problem = fetched.ok ? null : fetched.error;
  const data = { env: site.settings.env, backup: id, from: second.about, problem, ms };
  app.deps.ledger.record([{ type: "backup.fetched", data }]);
  return fetched.ok ? ok(undefined) : fetched;
}

function neither(here: Problem, there: Problem): Result<never> {
  return err({ ...there, what: `${here.what} here, and the second place does not give it: ${there.what}` });
}

/** What lies at the second place, for lists. Null where there is none. */
export async function secondData(
  app: App,
  { desk }: Desk,
  here: readonly Backup[],
): Promise<{ readonly data: JsonObject; readonly only: readonly DistantBackup[] } | null> {
  const { second } = desk;
  if (second === null) return null;
  const { about } = second;
  const listed = await inTime(app, second);
  if (!listed.ok) return { data: { about, problem: problemData(listed.error), backups: [] }, only: [] };
  const ids = new Set(here.filter((one) => one.damaged === undefined).map((one) => one.id));
  const now = app.deps.clock.now();
  const backups = listed.value.map(({ id, at, bytes, rows, proved }) => ({
    ...{ id, at, bytes, proved },
    ageMs: Math.max(0, now - at),
    rows: Object.values(rows).reduce((sum, count) => sum + count, 0),
    /** Here too, and whole. */
    here: ids.has(id),
  }));
  const only = listed.value.filter((one) => !ids.has(one.id));
  return { data: { about, problem: null, backups }, only };
}

async function inTime(app: App, second: SecondPlace): Promise<Result<readonly DistantBackup[]>> {
  const over = new AbortController();
  const late = app.deps.clock.sleep(listMs, over.signal).then(() => {
    const what = `${second.about} did not answer within ${listMs / 1_000} s`;
    return problem("timeout", what, "check the network to it, then: lastgood backup list");
  });
  const listed = await Promise.race([second.list(), late]);
  over.abort();
  return listed;
}

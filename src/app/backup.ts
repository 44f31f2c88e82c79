// lastgood backup now | list | show | verify
import { isKept } from "../core/backups/kept.ts";
import { drillOf, restoreMs } from "../core/backups/proof.ts";
import { proofWords, takesWords } from "../core/backups/words.ts";
import { size, span } from "../core/doctor/look.ts";
import type { JsonObject } from "../core/json.ts";
import { ok, type Result } from "../core/result.ts";
import { envState } from "../core/state.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import type { Backup } from "../ports/database.ts";
import type { Op } from "../ports/op.ts";
import type { ServerSet } from "../ports/point-in-time.ts";
import { type App, looseOp } from "./app.ts";
import { archiveData, copyServer, copyWords, verifyArchive } from "./archive.ts";
import { findOrFetch, secondData } from "./fetch-backup.ts";
import {
  alarm,
  backupState,
  type Desk,
  deskOf,
  desksOf,
  ofStore,
  problemData,
  rowsOf,
  said,
  unitOf,
} from "./find-backup.ts";
import { type Checked, checkedData, checkedWords, checkLive } from "./integrity.ts";
import { openRun } from "./open-run.ts";
import { waysData } from "./restore-points.ts";

const verb = "backup";
export const scheduled = "schedule";

export async function backupNow(
  app: App,
  input: { readonly env: string; readonly by: string },
): Promise<Outcome> {
  const desk = deskOf(app, input.env);
  if (!desk.ok) return stopped(verb, input.env, desk.error);
  const run = openRun(app, input.env);
  if (run?.status === "open") {
    const what = `${run.plan.kind} of ${run.plan.target} holds ${input.env}`;
    return stopped(verb, input.env, { code: "busy", what, next: "Wait for it: lastgood lock show." });
  }
  const own = await backUpOne(app, desk.value, input.by);
  const all = desksOf(app, input.env);
  const beside = (all.ok ? all.value : []).filter((one) => one.store !== desk.value.store);
  const stores: Outcome[] = [];
  for (const one of beside) stores.push(await backUpOne(app, one, input.by));
  return together(own, stores);
}

/** What did not work says what comes next. */
function together(own: Outcome, stores: readonly Outcome[]): Outcome {
  if (stores.length === 0) return own;
  const all = [own, ...stores];
  const worst = all.find(({ outcome }) => outcome !== "done") ?? own;
  const data = { ...own.data, stores: stores.map((one) => ({ outcome: one.outcome, ...one.data })) };
  return { ...worst, what: all.map(({ what }) => what).join(" "), data };
}

async function backUpOne(app: App, desk: Desk, by: string): Promise<Outcome> {
  const { env } = desk.site.settings;
  const taken = await takeBackup(app, desk, by);
  if (!taken.ok) return { ...stopped(verb, env, taken.error), means: "There is no new backup." };
  const { backup, ms, set, copied } = taken.value;
  const second = secondWords(desk, copied);
  return said(verb, env, {
    outcome: copied?.ok === false ? "failed" : "done",
    what: `${backup.id} was taken in ${span(ms)}: ${size(backup.bytes)}, ${rowsOf(backup)} ${unitOf(desk)}.`,
    means: `It is whole, and never drilled: only a drill proves that it can be restored.${copyWords(set)}${second}`,
    next: copied?.ok === false ? copied.error.next : `lastgood drill ${backup.id}`,
    data: {
      backup: backupData(app, env, backup, desk.store),
      set: set?.ok ? { ...set.value } : null,
      ms,
      second: desk.desk.second?.about ?? null,
      ways: waysData(backup.ladder ?? []),
    },
  });
}

function secondWords({ desk, store }: Desk, copied: Result<void> | null): string {
  if (store !== undefined) return " It lies on this machine alone.";
  if (copied === null) return " It lies on this machine alone: `backups: second:` names a second place.";
  const bare = desk.bare ? " It is not encrypted there (database: encryptionKeyFile)." : "";
  if (copied.ok) return ` A copy, read back and the same, lies at ${desk.second?.about}.${bare}`;
  return ` The second place does not have it: ${copied.error.what}.`;
}

export type Taken = {
  readonly backup: Backup;
  readonly ms: number;
  /** Of the whole server; null where nothing archives its WAL. */
  readonly set: Result<ServerSet> | null;
  /** Null where there is no second place. */
  readonly copied: Result<void> | null;
};

/** Taken, written down, and brought to the second place. */
export async function takeBackup(app: App, desk: Desk, by: string): Promise<Result<Taken>> {
  const { env } = desk.site.settings;
  const { clock, ledger } = app.deps;
  const began = clock.elapsed();
  const label = by === scheduled ? "scheduled" : "by-hand";
  const op: Op = looseOp(app, "backup");
  const set = await copyServer(app, desk, by);
  const made = set?.ok === false ? set : await desk.database.backUp(op, label);
  if (!made.ok) {
    // The controller ends: the next one makes up for it.
    if (made.error.code === "cancelled") return made;
    const told = by === scheduled ? [alarm(app, env, "the backup failed", made.error.what)] : [];
    const data = { env, by, problem: made.error, ...ofStore(desk) };
    ledger.record([{ type: "backup.failed", data }], told);
    return made;
  }
  const ms = Math.round(clock.elapsed() - began);
  const { id, bytes, sha256 } = made.value;
  const data = { env, backup: id, bytes, sha256, rows: rowsOf(made.value), ms, by, ...ofStore(desk) };
  ledger.record([{ type: "backup.taken", data }]);
  return ok({ backup: made.value, ms, set, copied: await toSecondPlace(app, desk, made.value) });
}

/** Null where there is no second place. */
export async function toSecondPlace(app: App, desk: Desk, backup: Backup): Promise<Result<void> | null> {
  const { env } = desk.site.settings;
  const { care, second } = desk.desk;
  if (second === null) return null;
  const began = app.deps.clock.elapsed();
  const files = await care.files(backup.id);
  const proved = drillOf(backupState(app, env), backup.id)?.problem === null;
  const kept = files.ok ? await second.keep(backup, files.value, proved) : files;
  const ms = Math.round(app.deps.clock.elapsed() - began);
  const problem = kept.ok ? null : kept.error;
  const told = problem ? [alarm(app, env, "the second place has no copy", problem.what)] : [];
  const data = { env, backup: backup.id, to: second.about, problem, ms };
  app.deps.ledger.record([{ type: "backup.copied", data }], told);
  return kept;
}

export async function backupList(app: App, { env }: { readonly env: string }): Promise<Outcome> {
  const desk = deskOf(app, env);
  if (!desk.ok) return stopped(verb, env, desk.error);
  const all = await desk.value.database.backups();
  if (!all.ok) return stopped(verb, env, all.error);
  const state = backupState(app, env, desk.value.store);
  const beside = await besideData(app, desk.value);
  const newest = all.value.find((one) => one.damaged === undefined && !isKept(one));
  const now = app.deps.clock.now();
  const second = await secondData(app, desk.value, all.value);
  const there = second?.only[0];
  const elsewhere = there ? ` ${second.only.length} more lie only at ${desk.value.desk.second?.about}.` : "";
  return said(verb, env, {
    outcome: "done",
    what: newest
      ? `${all.value.length} to go back to; the newest backup is ${span(Math.max(0, now - newest.at))} old.${elsewhere}${beside.words}`
      : `There is no backup here that is whole.${elsewhere}${beside.words}`,
    means: newest
      ? `${newest.id} was ${proofWords(state, newest.id, now)}.`.replace("was its", "has: its")
      : "",
    next: newest
      ? "lastgood backup show <id>, lastgood drill [id]"
      : there
        ? `lastgood backup verify ${there.id} fetches it`
        : "lastgood backup now",
    data: {
      backups: [...all.value.map((one) => backupData(app, env, one, desk.value.store)), ...beside.rows],
      second: second?.data ?? null,
      pointInTime: await archiveData(app, desk.value),
    },
  });
}

/** What lies of stores beside the database; one that does not answer hides nothing else. */
async function besideData(
  app: App,
  { site, store: own }: Desk,
): Promise<{ readonly rows: readonly JsonObject[]; readonly words: string }> {
  const { env } = site.settings;
  const all = desksOf(app, env);
  const rows: JsonObject[] = [];
  let words = "";
  for (const { store, database } of all.ok ? all.value : []) {
    if (store === undefined || store === own) continue;
    const found = await database.backups();
    if (found.ok) rows.push(...found.value.map((one) => backupData(app, env, one, store)));
    words += found.ok
      ? ` Of ${store}: ${found.value.length} to go back to.`
      : ` ${store} cannot be asked: ${found.error.what}.`;
  }
  return { rows, words };
}

export async function backupShow(
  app: App,
  { env, backup: id }: { readonly env: string; readonly backup: string },
): Promise<Outcome> {
  const desk = deskOf(app, env, id);
  if (!desk.ok) return stopped(verb, env, desk.error);
  const found = await findOrFetch(app, desk.value, id);
  if (!found.ok) return stopped(verb, env, found.error);
  const backup = found.value;
  const since = await desk.value.desk.care.since(id);
  const state = backupState(app, env, desk.value.store);
  const takesMs = restoreMs(state, backup.bytes);
  const written = since.ok ? since.value.written.map((one) => ({ ...one })) : [];
  return said(verb, env, {
    outcome: "done",
    what: `${id}: ${size(backup.bytes)}, ${rowsOf(backup)} ${unitOf(desk.value)} in ${Object.keys(backup.rows).length} ${desk.value.store === undefined ? "tables" : "databases"}.`,
    means: `${proofWords(state, id, app.deps.clock.now())}. A restore takes ${takesWords(takesMs)}.`,
    next: `lastgood restore ${id} --plan`,
    data: {
      backup: { ...backupData(app, env, backup, desk.value.store), byTable: { ...backup.rows } },
      takesMs,
      ways: waysData(backup.ladder ?? []),
      writtenSince: written,
      writtenUnknown: since.ok ? null : since.error.what,
    },
  });
}

export type VerifyInput = { readonly env: string; readonly backup: string | null; readonly by: string };

/** Read every byte of it again; then ask the live database the integrity checks of the config. */
export async function backupVerify(app: App, { env, backup: id }: VerifyInput): Promise<Outcome> {
  const desk = deskOf(app, env, id);
  if (!desk.ok) return stopped(verb, env, desk.error);
  const found = await findOrFetch(app, desk.value, id);
  if (!found.ok) return stopped(verb, env, found.error);
  const began = app.deps.clock.elapsed();
  const whole = await desk.value.desk.care.verify(found.value.id);
  const ms = Math.round(app.deps.clock.elapsed() - began);
  const problem = whole.ok ? null : whole.error;
  const data = { env, backup: found.value.id, problem, ms };
  app.deps.ledger.record([{ type: "backup.verified", data }]);
  const archive = id === null && desk.value.store === undefined ? await verifyArchive(app, desk.value) : null;
  return verified(desk.value, found.value, {
    problem,
    ms,
    archive,
    live: desk.value.store === undefined ? await checkLive(app, desk.value) : null,
  });
}

type Verified = {
  readonly problem: Parameters<typeof problemData>[0] | null;
  readonly ms: number;
  readonly live: Result<Checked> | null;
  /** Null where there is none, or one backup was asked for. */
  readonly archive: Result<void> | null;
};

function verified({ site }: Desk, { id, bytes }: Backup, { problem, ms, live, archive }: Verified): Outcome {
  const { env } = site.settings;
  const liveWrong = live !== null && (!live.ok || live.value.failures.length > 0);
  const broken = problem !== null || liveWrong || archive?.ok === false;
  const bytesWords = problem
    ? `${id} is not what was written down: ${problem.what}.`
    : `${id} is whole: all ${size(bytes)} were read again in ${span(ms)}.`;
  const archiveWords = archive === null ? "" : archive.ok ? " So is the archive." : ` ${archive.error.what}.`;
  return said(verb, env, {
    outcome: broken ? "failed" : "done",
    what: `${bytesWords}${archiveWords}`,
    means: `${checkedWords("the live database", live)} Only a drill proves that it can be restored.`.trim(),
    next:
      archive?.ok === false
        ? archive.error.next
        : problem
          ? "lastgood backup now, then lastgood drill"
          : liveWrong
            ? "lastgood restore --plan"
            : `lastgood drill ${id}`,
    data: {
      backup: id,
      ms,
      problem: problem ? problemData(problem) : null,
      archive: archive && { problem: archive.ok ? null : problemData(archive.error) },
      integrity: checkedData(live),
    },
  });
}

/** `store`: it is of one beside the database. */
export function backupData(app: App, env: string, backup: Backup, store?: string): JsonObject {
  const state = envState(app.deps.ledger.state(), env);
  const { backups, releases } = state;
  const drill = drillOf(backupState(app, env, store), backup.id);
  const before = Object.values(releases).find((one) => one.restorePoint === backup.id);
  return {
    id: backup.id,
    kind: isKept(backup) ? "kept" : "backup",
    store: store ?? null,
    at: backup.at,
    ageMs: Math.max(0, app.deps.clock.now() - backup.at),
    bytes: backup.bytes,
    sha256: backup.sha256,
    rows: rowsOf(backup),
    damaged: backup.damaged ?? null,
    /** The release that it was taken before. */
    before: before?.release.version ?? null,
    drilled: drill && { at: drill.at, ms: drill.ms, problem: drill.problem },
    verified: backups.verified[backup.id] ?? null,
  };
}

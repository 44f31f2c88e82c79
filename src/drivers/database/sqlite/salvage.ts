// Rows that a restore took away from a SQLite database: found in the file that it kept, and brought along.
import type { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { ok, problem, type Result } from "../../../core/result.ts";
import { isChanged, type TableChanges } from "../../../core/salvage/changes.ts";
import type { Findings, Pick } from "../../../core/salvage/verdict.ts";
import type { Op } from "../../../ports/op.ts";
import type { Kept, Replayed, Salvage } from "../../../ports/salvage.ts";
import { passEpoch } from "../epoch.ts";
import type { makeTurns } from "../turns.ts";
import { type Context, epochPlace, presentLive } from "./context.ts";
import { dataPath, findBackup } from "./manifest.ts";
import { mayOpen, openLive, openWritable, single, using } from "./open.ts";
import { keylessTables, replayRows } from "./salvage-replay.ts";
import {
  keysDiffering,
  keysMissing,
  parkedTable,
  quoted,
  salvageTable,
  shapeOf,
  tablesIn,
} from "./salvage-rows.ts";

type Turns = ReturnType<typeof makeTurns>;

/** See `Salvage` in the ports. Writers wait also while it only looks: the look is the whole thing, taken back. */
export function sqliteSalvage(context: Context, turns: Turns): Salvage {
  return {
    since: (backup) => turns(() => since(context, backup)),
    look: (kept, pick) => turns(() => look(context, kept, pick)),
    replay: (op, kept, pick) => turns(() => replay(context, op, kept, pick), op.signal),
    replayed: (op) => turns(() => replayed(context, op)),
  };
}

async function since(context: Context, id: string) {
  const paths = await pathsOf(context, { id, from: null });
  if (!paths.ok) return paths;
  const { live, kept } = paths.value;
  return using(context, live, openLive, (db) => {
    attach(db, kept, "base");
    const then = tablesIn(db, "base");
    const tables: TableChanges[] = [];
    const keyless: string[] = [];
    for (const table of tablesIn(db, "main")) {
      const shape = then.includes(table) ? shapeOf(db, table, "base") : null;
      if (shape?.key.length === 0) keyless.push(table);
      else tables.push(changesOf(db, table, shape));
    }
    const gaps = keyless.length === 0 ? [] : [`${keyless.join(", ")}: no key, so its rows are not compared`];
    return { backup: id, tables: tables.filter(isChanged), gaps };
  });
}

function changesOf(db: DatabaseSync, table: string, shape: ReturnType<typeof shapeOf> | null): TableChanges {
  const inserted = shape
    ? keysMissing(db, shape, "main", "base").length
    : Number(single(db, `SELECT count(*) FROM main.${quoted(table)}`));
  const updated = shape ? keysDiffering(db, shape, "main", "base").length : 0;
  const deleted = shape ? keysMissing(db, shape, "base", "main").length : 0;
  return {
    table,
    written: inserted + updated,
    migration: 0,
    gone: updated + deleted,
    inserted,
    updated,
    deleted,
  };
}

async function look(context: Context, kept: Kept, pick: Pick): Promise<Result<Findings>> {
  return inLive(context, kept, (db, base) => {
    const findings = find(db, { kept, pick, base });
    db.exec("ROLLBACK");
    return findings;
  });
}

async function replay(context: Context, op: Op, kept: Kept, pick: Pick): Promise<Result<Replayed>> {
  const fence = await passEpoch(epochPlace(context), op);
  if (!fence.ok) return fence;
  return inLive(context, kept, (db, base) => {
    const before = readMark(db, op.id);
    if (before !== null) return before;
    const findings = find(db, { kept, pick, base });
    const parked = findings.tables
      .flatMap(({ homeless }) => homeless)
      .reduce((sum, { values }) => sum + values, 0);
    const done: Replayed = { ...findings, op: op.id, parked, sequences: 0, before: false };
    db.prepare(`INSERT INTO main.${salvageTable}(op, done) VALUES(?, ?)`).run(op.id, JSON.stringify(done));
    db.exec("COMMIT");
    return done;
  });
}

async function replayed(context: Context, op: string): Promise<Result<Replayed | null>> {
  const live = await presentLive(context);
  if (!live.ok) return live;
  const may = await mayOpen(context, live.value);
  return may.ok ? using(context, live.value, openLive, (db) => readMark(db, op)) : may;
}

/** Whatever is not committed when the connection closes never was. */
async function inLive<T>(
  context: Context,
  kept: Kept,
  work: (db: DatabaseSync, base: boolean) => T,
): Promise<Result<T>> {
  const paths = await pathsOf(context, kept);
  if (!paths.ok) return paths;
  const may = await mayOpen(context, paths.value.live);
  if (!may.ok) return may;
  return using(context, paths.value.live, openWritable, (db) => {
    attach(db, paths.value.kept, "kept");
    if (paths.value.base !== null) attach(db, paths.value.base, "base");
    db.exec("PRAGMA foreign_keys=ON; PRAGMA synchronous=FULL; BEGIN IMMEDIATE");
    return work(db, paths.value.base !== null);
  });
}

type Wanted = { readonly kept: Kept; readonly pick: Pick; readonly base: boolean };

/** Rows come as facts: the app's triggers rest, and are there again in the same transaction. */
function find(db: DatabaseSync, { kept, pick, base }: Wanted): Findings {
  const triggers = db.prepare("SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger'").all();
  for (const { name } of triggers) db.exec(`DROP TRIGGER main.${quoted(String(name))}`);
  db.exec(`CREATE TABLE IF NOT EXISTS main.${salvageTable}(op TEXT PRIMARY KEY, done TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS main.${parkedTable}(relation TEXT NOT NULL, row_key TEXT NOT NULL, name TEXT NOT NULL, value)`);
  const tables = replayRows(db, pick, base);
  for (const { sql } of triggers) db.exec(String(sql));
  const keyless = keylessTables(db);
  const gaps = [
    ...(keyless.length > 0 ? [`${keyless.join(", ")}: no key, so its rows stay in the kept file`] : []),
    ...(base
      ? []
      : ["the backup is not at hand: deleted rows are not known, and changed ones count as changed in both"]),
  ];
  return { kept: kept.id, tables, gaps };
}

function readMark(db: DatabaseSync, op: string): Replayed | null {
  if (!db.prepare("SELECT 1 FROM main.sqlite_schema WHERE type='table' AND name=?").get(salvageTable))
    return null;
  const row = db.prepare(`SELECT done FROM main.${salvageTable} WHERE op = ?`).get(op);
  return row === undefined ? null : { ...(JSON.parse(String(row["done"])) as Replayed), before: true };
}

async function pathsOf(context: Context, { id, from }: Kept) {
  const live = await presentLive(context);
  if (!live.ok) return live;
  const manifest = await findBackup(context, live.value, id);
  if (!manifest.ok) return manifest;
  if (manifest.value.damaged !== undefined)
    return problem(
      "damaged",
      `${id} is damaged: ${manifest.value.damaged}`,
      "look at what can be read of it by hand",
      id,
    );
  const backup = from === null ? null : await findBackup(context, live.value, from);
  const base = backup?.ok ? dataPath(context, live.value, backup.value) : null;
  return ok({ live: live.value, kept: dataPath(context, live.value, manifest.value), base });
}

function attach(db: DatabaseSync, path: string, name: "kept" | "base"): void {
  db.prepare(`ATTACH ? AS ${name}`).run(`${pathToFileURL(path).href}?immutable=1`);
}

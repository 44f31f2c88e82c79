// Backups as a table, one backup in full, and what a restore would cost.

import { size, span } from "../../core/doctor/look.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Io } from "../io.ts";
import { day, harmless, paint } from "./paint.ts";
import { planText } from "./plan.ts";
import { waysText } from "./ways.ts";

type Row = {
  readonly id: string;
  readonly kind: "backup" | "kept";
  readonly at: number;
  readonly ageMs: number;
  readonly bytes: number;
  readonly rows: number;
  readonly damaged: string | null;
  readonly before: string | null;
  readonly drilled: { readonly at: number; readonly ms: number; readonly problem: string | null } | null;
};

export function backupsText(data: JsonObject, io: Io): string {
  const rows = data["backups"] as unknown as readonly Row[];
  const { bold } = paint(io.color);
  const archive = archiveText(data["pointInTime"] as unknown as Archive | null | undefined, io);
  const second = secondText(data["second"] as unknown as Second | null | undefined, io);
  if (rows.length === 0) return [second, archive].filter(Boolean).join("\n");
  const width = Math.max(...rows.map((row) => row.id.length));
  const head = `  ${"backup".padEnd(width)}  taken (UTC)       size      rows        drilled`;
  return [bold(head), ...rows.map((row) => line(row, width, io)), second, archive].filter(Boolean).join("\n");
}

type Second = {
  readonly about: string;
  readonly problem: { readonly what: string } | null;
  readonly backups: readonly (Pick<Row, "id" | "at" | "bytes" | "rows"> & {
    readonly proved: boolean;
    readonly here: boolean;
  })[];
};

/** What is here too stands above already. */
function secondText(second: Second | null | undefined, io: Io): string {
  if (!second) return "";
  const { bold, dim, green, red, yellow } = paint(io.color);
  const about = harmless(second.about);
  if (second.problem) return red(`\nThe second place can't be asked: ${harmless(second.problem.what)}`);
  const only = second.backups.filter(({ here }) => !here);
  if (only.length === 0) return dim(`\n${second.backups.length} of them lie at ${about} too`);
  const width = Math.max(...only.map((row) => row.id.length));
  return [
    bold(`\nOnly at ${about}; restore, verify and show fetch what they are asked for:`),
    ...only.map((row) => {
      const figures = `${day(row.at)}  ${size(row.bytes).padEnd(8)}  ${String(row.rows).padEnd(10)}`;
      return `  ${harmless(row.id).padEnd(width)}  ${figures}  ${row.proved ? green("proved") : yellow("never")}`;
    }),
  ].join("\n");
}

type Archive = {
  readonly problem: { readonly what: string } | null;
  readonly about: string;
  readonly from: number | null;
  readonly sets: readonly { readonly kind: string }[];
  readonly points: readonly { readonly name: string; readonly at: number }[];
  readonly drilled: { readonly at: number; readonly ms: number; readonly problem: string | null } | null;
};

const pointsShown = 5;

/** Any moment, and the newest of those that have a name. */
function archiveText(archive: Archive | null | undefined, io: Io): string {
  if (!archive) return "";
  const { bold, red } = paint(io.color);
  if (archive.problem) return red(`\nThe archive can't be asked: ${harmless(archive.problem.what)}`);
  const { about, from, sets, points, drilled: drill } = archive;
  const proof =
    drill === null ? "never drilled (lastgood drill --at)" : `drilled: ${drilled({ drilled: drill }, io)}`;
  const named = points.length > 0 ? "each to its own moment" : "nothing to go back to yet";
  const reach = from === null ? named : `any moment since ${day(from)} UTC`;
  return [
    bold(`\n${about}: ${reach}, from ${sets.length} copies of the server; ${proof}`),
    ...points
      .slice(0, pointsShown)
      .map(({ name, at }) => `  ${day(at)}  lastgood restore --at ${harmless(name)}`),
    ...(points.length > pointsShown ? [`  and ${points.length - pointsShown} older points (--json)`] : []),
  ].join("\n");
}

function line(row: Row, width: number, io: Io): string {
  const { red, dim } = paint(io.color);
  const state = row.damaged === null ? drilled(row, io) : red(`damaged: ${harmless(row.damaged)}`);
  const kept = row.kind === "kept" ? dim(" kept by a restore") : "";
  const before = row.before === null ? "" : dim(` before ${harmless(row.before)}`);
  const figures = `${day(row.at)}  ${size(row.bytes).padEnd(8)}  ${String(row.rows).padEnd(10)}`;
  return `  ${row.id.padEnd(width)}  ${figures}  ${state}${kept}${before}`;
}

function drilled({ drilled: drill }: Pick<Row, "drilled">, io: Io): string {
  const { green, red, yellow } = paint(io.color);
  if (drill === null) return yellow("never");
  return drill.problem === null ? green(`in ${span(drill.ms)}`) : red(`failed: ${harmless(drill.problem)}`);
}

type Written = { readonly table: string; readonly what: string };

export function backupText(data: JsonObject, io: Io): string {
  const backup = data["backup"] as JsonObject;
  const { bold, dim } = paint(io.color);
  const tables = Object.entries(backup["byTable"] as Record<string, number>);
  const since = data["writtenSince"] as unknown as readonly Written[];
  const unknown = data["writtenUnknown"];
  return [
    bold(`${backup["id"]}, ${day(Number(backup["at"]))} UTC`),
    dim(`sha256 ${backup["sha256"]}`),
    ...waysText(data, io),
    ...tables.map(([table, rows]) => `  ${harmless(table)}: ${rows} rows`),
    typeof unknown === "string"
      ? `What was written since can't be told: ${harmless(unknown)}`
      : "Written since:",
    ...since.map(({ table, what }) => `  ${harmless(table)}: ${harmless(what)}`),
    ...(since.length === 0 && typeof unknown !== "string" ? ["  nothing"] : []),
  ].join("\n");
}

/** The plan of a restore, and before it what a person has to know. */
export function restoreText(data: JsonObject, io: Io): string {
  const about = data["about"] as readonly string[] | undefined;
  const { bold } = paint(io.color);
  const head = about ? [bold("Before you say yes:"), ...about.map((one) => `  ${harmless(one)}`), ""] : [];
  return [...head, planText(data, io)].join("\n");
}

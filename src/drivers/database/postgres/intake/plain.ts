// A plain dump is text that psql obeys: is it whole, of what, and does it do nothing but make a database?
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { Files } from "../../../../ports/files.ts";
import type { About } from "./archive.ts";

const CHUNK_BYTES = 4 * 1024 * 1024;
/** Since 15.14 lines for psql follow the end marker. */
const END_BYTES = 4096;
const END_MARKER = /^-- PostgreSQL database dump complete\s*$/m;
/** What pg_dump itself writes for psql; anything else would be run by it as a command of ours. */
const HARMLESS = /^\\(restrict|unrestrict)\s/;
const COPY = /^COPY .* FROM stdin;$/;
const COPY_END = "\\.";

const next = "choose a whole backup; a dump that was cut off restores without any error, and lacks the rest";

export async function readPlain(files: Files, path: string, shown: string): Promise<Result<About>> {
  const stat = await files.stat(path);
  if (!stat.ok) return stat;
  const size = stat.value?.size ?? 0;
  const end = await files.read(path, { offset: Math.max(0, size - END_BYTES), length: END_BYTES });
  if (!end.ok) return end;
  if (!END_MARKER.test(end.value.toString("latin1")))
    return problem(
      "damaged",
      `${shown} is cut off: its last line is not "PostgreSQL database dump complete"`,
      next,
      shown,
    );
  return scan(files, path, shown);
}

type Scan = {
  line: number;
  inCopy: boolean;
  readonly owners: Set<string>;
  readonly extensions: Set<string>;
  readonly tables: Set<string>;
  dumpedFrom: string | null;
  tool: string | null;
};

async function scan(files: Files, path: string, shown: string): Promise<Result<About>> {
  const seen: Scan = {
    line: 0,
    inCopy: false,
    owners: new Set(),
    extensions: new Set(),
    tables: new Set(),
    dumpedFrom: null,
    tool: null,
  };
  let rest = "";
  for (let offset = 0; ; offset += CHUNK_BYTES) {
    const chunk = await files.read(path, { offset, length: CHUNK_BYTES });
    if (!chunk.ok) return chunk;
    const lines = (rest + chunk.value.toString("latin1")).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const bad = look(seen, line, shown);
      if (bad !== null) return bad;
    }
    if (chunk.value.length < CHUNK_BYTES) break;
  }
  const { owners, extensions, tables, dumpedFrom, tool } = seen;
  return ok({
    database: null,
    serverVersion: dumpedFrom,
    toolVersion: tool,
    owners: [...owners],
    extensions: [...extensions],
    tables: [...tables],
  });
}

/** A problem, or null to go on. */
function look(seen: Scan, line: string, shown: string): Result<never> | null {
  seen.line++;
  if (seen.inCopy) {
    if (line === COPY_END) seen.inCopy = false;
    return null;
  }
  if (line.startsWith("\\")) return HARMLESS.test(line) ? null : command(line, seen.line, shown);
  if (COPY.test(line)) seen.inCopy = true;
  const owner = /^ALTER .* OWNER TO ("[^"]+"|\S+);$/.exec(line)?.[1];
  if (owner !== undefined) seen.owners.add(bare(owner));
  const extension = /^CREATE EXTENSION IF NOT EXISTS ("[^"]+"|\S+)/.exec(line)?.[1];
  if (extension !== undefined) seen.extensions.add(bare(extension));
  const table = /^CREATE (?:UNLOGGED )?TABLE (\S+) \($/.exec(line)?.[1];
  if (table !== undefined) seen.tables.add(table.split(".").map(bare).join("."));
  seen.dumpedFrom ??= /^-- Dumped from database version (\S+)/.exec(line)?.[1] ?? null;
  seen.tool ??= /^-- Dumped by pg_dump version (\S+)/.exec(line)?.[1] ?? null;
  return null;
}

function command(line: string, number: number, shown: string): Result<never> {
  const to = /^\\c(?:onnect)? .*?("[^"]+"|[^\s"=']+)'?\s*$/.exec(line)?.[1];
  if (to !== undefined)
    return problem(
      "refused",
      `${shown} makes and enters a database of its own, ${bare(to)} (line ${number})`,
      "make the dump without --create, so that it can be restored beside the live database",
      shown,
    );
  const [word = ""] = line.split(/\s/);
  return problem(
    "refused",
    `${shown} has a command for psql in line ${number}: ${word.slice(0, 20)}`,
    "such a file can run any program here: restore it only if you wrote it, with psql, on a machine of no value",
    shown,
  );
}

function bare(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}

// An archive of pg_dump: what its own table of contents says, and whether all of it can be read.
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { Context, ToolCall } from "../context.ts";

export type About = {
  /** Null where it does not say. */
  readonly database: string | null;
  readonly serverVersion: string | null;
  readonly toolVersion: string | null;
  readonly owners: readonly string[];
  readonly extensions: readonly string[];
  /** `schema.name` */
  readonly tables: readonly string[];
};

const LIST_MS = 60_000;
const DECODE_MS = 6 * 3_600_000;

export async function readArchive(
  context: Context,
  path: string,
  shown: string,
  signal: AbortSignal,
): Promise<Result<About>> {
  const listed = await run(context, ["--list", path], LIST_MS, { path, shown, signal });
  if (!listed.ok) return listed;
  const decoded = await run(context, ["--file=/dev/null", path], DECODE_MS, { path, shown, signal });
  return decoded.ok ? ok(about(listed.value)) : decoded;
}

type Reading = { readonly path: string; readonly shown: string; readonly signal: AbortSignal };

async function run(
  context: Context,
  args: readonly string[],
  timeoutMs: number,
  { path, shown, signal }: Reading,
): Promise<Result<string>> {
  const call: ToolCall = {
    args,
    database: context.database,
    as: "admin",
    effect: "read",
    op: null,
    timeoutMs,
    folder: path,
  };
  const ended = await context.tools.run("pg_restore", call, signal);
  if (!ended.ok) return ended;
  if (ended.value.exitCode === 0) return ok(ended.value.stdout);
  const said = ended.value.stderr.trim().split("\n").slice(-2).join("; ").replaceAll(path, shown);
  const version = /unsupported version \(([\d.]+)\)/.exec(said)?.[1];
  if (version !== undefined)
    return problem(
      "refused",
      `${shown} was made by a newer PostgreSQL than this one: archive version ${version}`,
      "install the client programs of that version, or choose a backup of this server",
      shown,
    );
  return problem("damaged", `${shown} cannot be read to its end: ${said}`, "choose a whole backup", shown);
}

/** `;     dbname: shop`, then lines as `215; 1259 16386 TABLE public orders app`. */
function about(list: string): About {
  const head = (name: string) => new RegExp(`^;\\s+${name}: (.*)$`, "m").exec(list)?.[1]?.trim() ?? null;
  const entries = list.split("\n").flatMap((line) => {
    const entry = /^\d+; \d+ \d+ (.*)$/.exec(line)?.[1];
    return entry === undefined ? [] : [entry];
  });
  const owners = entries.map((entry) => entry.split(" ").at(-1) ?? "").filter((owner) => owner !== "");
  const matching = (shape: RegExp) => entries.flatMap((entry) => shape.exec(entry)?.[1] ?? []);
  return {
    database: head("dbname"),
    serverVersion: head("Dumped from database version"),
    toolVersion: head("Dumped by pg_dump version"),
    owners: [...new Set(owners)],
    extensions: matching(/^EXTENSION - (\S+)/),
    tables: matching(/^TABLE (\S+ \S+) /).map((table) => table.replace(" ", ".")),
  };
}

// Is a restored database what its backup says: tables, rows, content, extensions, objects; nothing half made.
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import type { SqlSession } from "../../../ports/sql.ts";
import type { Context } from "./context.ts";
import { extensionFacts, objectFacts, serverFacts } from "./facts.ts";
import type { Manifest } from "./manifest.ts";
import type { RestoreOptions } from "./restore/options.ts";
import { inSession, rowsOf } from "./rows.ts";
import { tableDifferences, tableFacts } from "./tables.ts";
import { checkPages } from "./verify-pages.ts";

const SHOWN_MAX = 5;

/** As much of a manifest as says what must be there. Empty parts of a foreign backup say nothing. */
export type Expected = Pick<Manifest, "tables" | "extensions" | "objects"> & {
  readonly server: { readonly versionNumber: number } | null;
};

/** Gives the planner its statistics too: without them the first queries are slow. `damaged` with what is wrong. */
export async function verifyRestored(
  context: Context,
  name: string,
  expected: Expected,
  options: RestoreOptions,
  op: Op,
): Promise<Result<void>> {
  const looked = await inSession(context.admin, name, async (session) => {
    const analyzed = await session.query("ANALYZE");
    const say = (done: number, total: number) =>
      context.tell?.({ what: `checking the tables of ${name}`, unit: "bytes", done, total });
    return analyzed.ok ? differences(session, expected, say) : analyzed;
  });
  if (!looked.ok) return looked;
  if (looked.value.length === 0)
    return options.amcheck ? checkPages(context, name, options, op) : ok(undefined);
  const shown = looked.value.slice(0, SHOWN_MAX).join("; ");
  const more = looked.value.length - SHOWN_MAX;
  return problem(
    "damaged",
    `what was restored is not what was backed up: ${shown}${more > 0 ? `; and ${more} more` : ""}`,
    "nothing was changed; choose another backup: lastgood backup list",
    context.database,
  );
}

type Say = (done: number, total: number) => void;

async function differences(
  session: SqlSession,
  expected: Expected,
  say: Say,
): Promise<Result<readonly string[]>> {
  const looks = [
    () => ofTables(session, expected, say),
    () => ofObjects(session, expected),
    () => halfMade(session),
  ];
  const found: string[] = [];
  for (const look of looks) {
    const some = await look();
    if (!some.ok) return some;
    found.push(...some.value);
  }
  return ok(found);
}

async function ofTables(
  session: SqlSession,
  { tables }: Expected,
  say: Say,
): Promise<Result<readonly string[]>> {
  if (tables.length === 0) return ok([]);
  const hashed = tables.some((table) => table.hash !== null);
  const now = await tableFacts(session, hashed ? "hashes" : "counts", say);
  return now.ok ? ok(tableDifferences(tables, now.value)) : now;
}

/** Counts by kind are compared between equal versions only: a newer one may count what an older did not. */
async function ofObjects(session: SqlSession, expected: Expected): Promise<Result<readonly string[]>> {
  const extensions = await extensionFacts(session);
  if (!extensions.ok) return extensions;
  const versions = new Map(extensions.value.map(({ name, version }) => [name, version]));
  const missing = expected.extensions.filter(({ name }) => !versions.has(name));
  const named = missing.map(({ name }) => `the extension ${name} is missing`);
  const server = await serverFacts(session);
  if (!server.ok) return server;
  const sameExtensions = expected.extensions.every(({ name, version }) => versions.get(name) === version);
  const major = (version: number) => Math.floor(version / 10_000);
  const same =
    expected.server !== null && major(expected.server.versionNumber) === major(server.value.versionNumber);
  if (!same || !sameExtensions) return ok(named);
  const objects = await objectFacts(session);
  if (!objects.ok) return objects;
  const counted = Object.entries(expected.objects)
    .filter(([kind, wanted]) => objects.value[kind] !== wanted)
    .map(([kind, wanted]) => `there are ${objects.value[kind] ?? 0} ${kind} instead of ${wanted}`);
  return ok([...named, ...counted]);
}

/** Indexes that a failed build left. Constraints that were NOT VALID before are so again: that is no difference. */
async function halfMade(session: SqlSession): Promise<Result<readonly string[]>> {
  const found = await rowsOf(
    session,
    "SELECT indexrelid::pg_catalog.regclass AS name FROM pg_catalog.pg_index WHERE NOT indisvalid",
  );
  return found.ok ? ok(found.value.map((row) => `the index ${row["name"]} is not valid`)) : found;
}

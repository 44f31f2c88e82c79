// The way down from one schema to the one before it, made where both can be seen: in the database itself.
import type { Going } from "../../core/migrations/way.ts";
import { ok, type Result } from "../../core/result.ts";
import type { SqlSession } from "../../ports/sql.ts";
import { type Catalog, readCatalog } from "./catalog.ts";
import { statementsTo } from "./difference.ts";
import { goingOf } from "./going.ts";
import { ROUNDS, renamesBack } from "./renames.ts";

export type Made = { readonly sql: string; readonly going: readonly Going[] };

/** The session stands at `now`, and stands there afterwards too. */
export async function makeDown(
  session: SqlSession,
  ledger: string,
  then: Catalog,
  now: Catalog,
): Promise<Result<Made>> {
  const begun = await session.query("BEGIN");
  if (!begun.ok) return begun;
  const made = await tryOut(session, ledger, then, now);
  const back = await session.query("ROLLBACK");
  return made.ok && !back.ok ? back : made;
}

/** Renames are done at once: with the old names, the server's own definitions can be compared. */
async function tryOut(
  session: SqlSession,
  ledger: string,
  then: Catalog,
  now: Catalog,
): Promise<Result<Made>> {
  const statements: string[] = [];
  let current = now;
  for (const round of ROUNDS) {
    const renames = renamesBack(then, current, round);
    if (renames.length === 0) continue;
    const renamed = await session.query(renames.join(";\n"));
    if (!renamed.ok) return renamed;
    statements.push(...renames);
    const read = await readCatalog(session, ledger);
    if (!read.ok) return read;
    current = read.value;
  }
  statements.push(...statementsTo(then, current));
  const sql = statements.map((one) => `${one.trim().replace(/;$/, "")};\n`).join("");
  return ok({ sql, going: goingOf(then, current, now) });
}

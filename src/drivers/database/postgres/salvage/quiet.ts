// While rows come back: nobody else writes, the user's own triggers rest, and circles of references are checked at the end.
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import { quoteName } from "../names.ts";
import { inTurn } from "./ask.ts";
import type { Table } from "./catalog.ts";
import type { Pairs } from "./pairs.ts";

const LOCK_WAIT = "10s";

/** Readers go on. In the order of names, so that two of these never wait for each other. */
export async function lockTables(session: SqlSession, tables: readonly Table[]): Promise<Result<void>> {
  const names = tables.map(({ sql }) => sql).sort();
  if (names.length === 0) return ok(undefined);
  const locked = await inTurn(session, [
    `SET LOCAL lock_timeout = '${LOCK_WAIT}'`,
    `LOCK TABLE ${names.join(", ")} IN SHARE ROW EXCLUSIVE MODE`,
  ]);
  if (locked.ok) return ok(undefined);
  if (locked.error.code !== "busy") return locked;
  return problem(
    "busy",
    "a transaction holds a table that rows are to come back to",
    "let it end (a long report, a migration, an open console), then say it again: nothing was changed",
  );
}

/** The rows come as facts: what triggers make of a write, they made when it was written. Foreign keys go on counting. */
export async function hush(session: SqlSession, { pairs, late, targets }: Pairs): Promise<Result<void>> {
  const triggers = pairs.flatMap(({ target }) =>
    target.triggers.map(({ name }) => `ALTER TABLE ${target.sql} DISABLE TRIGGER ${quoteName(name)}`),
  );
  const references = late.map(
    ({ from, name }) =>
      `ALTER TABLE ${targets.get(from)?.sql ?? ""} ALTER CONSTRAINT ${quoteName(name)} DEFERRABLE INITIALLY DEFERRED`,
  );
  const done = await inTurn(session, [...triggers, ...references]);
  return done.ok ? ok(undefined) : done;
}

/** Checks what was put off, then all is as it was. */
export async function unhush(session: SqlSession, { pairs, late, targets }: Pairs): Promise<Result<void>> {
  const references = late.map(({ from, name, deferrable, deferred }) => {
    const mode = !deferrable
      ? "NOT DEFERRABLE"
      : deferred
        ? "DEFERRABLE INITIALLY DEFERRED"
        : "DEFERRABLE INITIALLY IMMEDIATE";
    return `ALTER TABLE ${targets.get(from)?.sql ?? ""} ALTER CONSTRAINT ${quoteName(name)} ${mode}`;
  });
  const triggers = pairs.flatMap(({ target }) =>
    target.triggers.map(
      ({ name, always }) =>
        `ALTER TABLE ${target.sql} ENABLE ${always ? "ALWAYS " : ""}TRIGGER ${quoteName(name)}`,
    ),
  );
  const done = await inTurn(session, ["SET CONSTRAINTS ALL IMMEDIATE", ...references, ...triggers]);
  return done.ok ? ok(undefined) : done;
}

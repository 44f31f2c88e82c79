// The database that a backup is restored into: as the one of then was made, and shut to everybody.
import { ok, type Result } from "../../../../core/result.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import type { DatabaseFacts } from "../manifest.ts";
import { quoteName, quoteText } from "../names.ts";
import { rowsOf } from "../rows.ts";

/** What a load of much data wants; the database loses it before it takes the live name. */
const WHILE_LOADING = {
  synchronous_commit: "off",
  maintenance_work_mem: "256MB",
} as const;
const USUAL_TABLESPACE = "pg_default";
/** The first version whose CREATE DATABASE knows providers of locales. */
const KNOWS_PROVIDERS = 150_000;
/** The first with providers of its own. */
const KNOWS_BUILTIN = 170_000;

export async function createSide(
  session: SqlSession,
  name: string,
  facts: DatabaseFacts,
): Promise<Result<void>> {
  const asked = await rowsOf(session, "SELECT current_setting('server_version_num') AS version");
  if (!asked.ok) return asked;
  const version = Number(asked.value[0]?.["version"]);
  const statements = [
    `CREATE DATABASE ${quoteName(name)} ${clauses(facts, version).join(" ")}`,
    `REVOKE ALL ON DATABASE ${quoteName(name)} FROM PUBLIC`,
    ...Object.entries(WHILE_LOADING).map(
      ([setting, value]) => `ALTER DATABASE ${quoteName(name)} SET ${setting} = ${quoteText(value)}`,
    ),
  ];
  for (const statement of statements) {
    const done = await session.query(statement);
    if (!done.ok) return done;
  }
  return ok(undefined);
}

function clauses(facts: DatabaseFacts, version: number): readonly string[] {
  const { encoding, collate, ctype, localeProvider, locale, owner, tablespace } = facts;
  const out = [
    "TEMPLATE template0",
    `OWNER ${quoteName(owner)}`,
    `ENCODING ${quoteText(encoding)}`,
    `LC_COLLATE ${quoteText(collate)}`,
    `LC_CTYPE ${quoteText(ctype)}`,
  ];
  // The usual one needs no right as long as it is not named.
  if (tablespace !== USUAL_TABLESPACE) out.push(`TABLESPACE ${quoteName(tablespace)}`);
  if (localeProvider === "i" && version >= KNOWS_PROVIDERS)
    out.push("LOCALE_PROVIDER icu", ...(locale === null ? [] : [`ICU_LOCALE ${quoteText(locale)}`]));
  if (localeProvider === "b" && version >= KNOWS_BUILTIN)
    out.push("LOCALE_PROVIDER builtin", ...(locale === null ? [] : [`BUILTIN_LOCALE ${quoteText(locale)}`]));
  return out;
}

// A restored database gets what a dump leaves out: owner, grants, settings, limits. Access never widens.
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import type { DatabaseFacts } from "../manifest.ts";
import { quoteName } from "../names.ts";
import { rowsOf } from "../rows.ts";
import { type Grant, grantStatements, grantsOf, narrower, tooMuch } from "./access.ts";
import { settingStatement } from "./settings.ts";

/** As much of a database as decides who may do what in it, and how. */
export type Properties = Pick<DatabaseFacts, "owner" | "acl" | "settings" | "connectionLimit">;

/**
 * `then` is of the backup, `now` of the database that it replaces (null where there is none): what was revoked since
 * stays revoked. Only for a database that nobody else uses yet.
 */
export async function applyProperties(
  session: SqlSession,
  database: string,
  then: Properties,
  now: Properties | null,
): Promise<Result<void>> {
  const before = grantsOf(then.acl, then.owner);
  const wanted = now === null ? before : narrower(before, seenBy(then.owner, now));
  const statements = [
    `ALTER DATABASE ${quoteName(database)} OWNER TO ${quoteName(then.owner)}`,
    ...grantStatements(database, then.owner, wanted),
    `ALTER DATABASE ${quoteName(database)} RESET ALL`,
    ...then.settings.map((setting) => settingStatement(database, setting)),
    `ALTER DATABASE ${quoteName(database)} CONNECTION LIMIT ${then.connectionLimit}`,
  ];
  for (const statement of statements) {
    const done = await session.query(statement);
    if (!done.ok) return notApplied(database, statement, done.error.what);
  }
  return verifyAccess(session, database, then.owner, wanted);
}

/** Where the owner changed since, the owner of then keeps his own rights: he is the owner again. */
function seenBy(owner: string, now: Properties): readonly Grant[] {
  const grants = grantsOf(now.acl, now.owner);
  return now.owner === owner
    ? grants
    : [...grants, ...grantsOf(null, owner).filter(({ to }) => to === owner)];
}

/** Asked of the server, because a list that was read wrongly must not open a database. */
async function verifyAccess(
  session: SqlSession,
  database: string,
  owner: string,
  wanted: readonly Grant[],
): Promise<Result<void>> {
  const read = await rowsOf(
    session,
    "SELECT a::text AS entry FROM pg_database d, unnest(coalesce(d.datacl, acldefault('d', d.datdba))) a WHERE d.datname = $1",
    [database],
  );
  if (!read.ok) return read;
  const there = grantsOf(
    read.value.map((row) => row["entry"] ?? ""),
    owner,
  );
  const [first] = tooMuch(wanted, there);
  if (first === undefined) return ok(undefined);
  return problem(
    "failed",
    `${database} would let ${first.to ?? "everybody"} ${first.privilege} more than before`,
    "this is a fault of Lastgood's: please report it, with the output of \\l in psql",
    database,
  );
}

function notApplied(database: string, statement: string, why: string): Result<never> {
  return problem(
    "failed",
    `a property of the database could not be given to ${database}: ${statement.split(" = ")[0]}: ${why}`,
    "let a superuser's URL do it (adminUrl), or take the setting out of the database and back up again",
    database,
  );
}

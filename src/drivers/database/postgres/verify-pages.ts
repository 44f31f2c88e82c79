// pg_amcheck on a restored database: pages of tables, and whether indexes agree with them.
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import type { Context } from "./context.ts";
import type { RestoreOptions } from "./restore/options.ts";
import { inSession } from "./rows.ts";

const SCHEMA = "lastgood_amcheck";

/** The extension that it needs is put into a schema of its own and taken out again. */
export async function checkPages(
  context: Context,
  name: string,
  options: RestoreOptions,
  op: Op,
): Promise<Result<void>> {
  const call = {
    args: ["--no-password", `--install-missing=${SCHEMA}`, "--heapallindexed", `--database=${name}`],
    database: name,
    as: "admin",
    effect: "read",
    op: op.id,
    timeoutMs: options.timeoutMs,
  } as const;
  const made = await inDatabase(context, name, `CREATE SCHEMA IF NOT EXISTS ${SCHEMA}`);
  if (!made.ok) return made;
  const ended = await context.tools.run("pg_amcheck", call, op.signal);
  const swept = await inDatabase(context, name, `DROP SCHEMA ${SCHEMA} CASCADE`);
  if (!ended.ok) return ended;
  if (!swept.ok) return swept;
  if (ended.value.exitCode === 0) return ok(undefined);
  const said = `${ended.value.stdout} ${ended.value.stderr}`.trim().slice(0, 500);
  return problem(
    "damaged",
    `pg_amcheck finds fault with what was restored: ${said}`,
    "nothing was changed; check the disk of the server, then choose another backup",
    name,
  );
}

function inDatabase(context: Context, name: string, statement: string): Promise<Result<void>> {
  return inSession(context.admin, name, async (session) => {
    const done = await session.query(statement);
    return done.ok ? ok(undefined) : done;
  });
}

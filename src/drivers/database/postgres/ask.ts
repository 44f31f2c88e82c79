// Questions in SQL, all from one moment and without the right to write.
import { ok, problem, type Result } from "../../../core/result.ts";
import type { AskSql } from "../../../ports/ask-sql.ts";
import type { SqlSession } from "../../../ports/sql.ts";

const LIMIT_MS = 60_000;

export function askIn(session: SqlSession): AskSql {
  return async (queries) => {
    const begun = await session.query(
      `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = ${LIMIT_MS};
        SET LOCAL search_path TO DEFAULT`,
    );
    if (!begun.ok) return begun;
    const answers: Result<unknown>[] = [];
    for (const query of queries) answers.push(await answer(session, query));
    const ended = await session.query("ROLLBACK");
    return ended.ok ? ok(answers) : ended;
  };
}

/** As a part of another statement, so that it can neither end the transaction nor be several. */
async function answer(session: SqlSession, query: string): Promise<Result<unknown>> {
  const marked = await session.query("SAVEPOINT lastgood_ask");
  if (!marked.ok) return marked;
  const inner = query.trim().replace(/;+$/, "");
  const asked = await session.query(
    `SELECT to_jsonb(lastgood_answer)::text AS answer FROM (${inner}\n) AS lastgood_answer`,
    [],
  );
  const back = await session.query("ROLLBACK TO SAVEPOINT lastgood_ask");
  if (!back.ok) return back;
  if (!asked.ok) return cannot(asked.error.what);
  const { rows } = asked.value;
  const values = Object.values(JSON.parse(rows[0]?.["answer"] ?? "{}") as Record<string, unknown>);
  if (rows.length === 1 && values.length === 1) return ok(values[0]);
  return cannot(`it answered ${rows.length} rows of ${values.length} values, and one value is right`);
}

function cannot(why: string): Result<never> {
  return problem("failed", why, "Mend the query in lastgood.yml; it may only read.");
}

// Ways down are made and tried on a copy, before the migrations are applied: up, down, compare, and up again.
import { reachesBeyond } from "../../core/migrations/reach.ts";
import { isEmptySql } from "../../core/migrations/sql-text.ts";
import type { Tool } from "../../core/migrations/status.ts";
import type { Going, Values, Way } from "../../core/migrations/way.ts";
import { ok, type Problem, problem, type Result } from "../../core/result.ts";
import type { SqlSession } from "../../ports/sql.ts";
import { type Catalog, differences, readCatalog, shapeOf } from "./catalog.ts";
import { makeDown } from "./make-down.ts";
import { compareAside, setAside } from "./rows.ts";
import { runUp, type Up } from "./ups.ts";

const SHOWN_MAX = 3;

export type Trying = {
  readonly tool: Tool;
  /** The tool's own table. */
  readonly ledger: string;
  /** Why rows are not compared; null where they are. */
  readonly withoutRows: string | null;
  readonly release: string | null;
  readonly at: number;
};

/** `stands`: the copy has the schema that all of them lead to. */
export type Proved = { readonly ways: readonly Way[]; readonly stands: boolean };

/** One way for each; where one can't be gone, the later ones stand on nothing, and say so. */
export async function proveAll(
  session: SqlSession,
  trying: Trying,
  ups: readonly Up[],
): Promise<Result<Proved>> {
  const ways: Way[] = [];
  let broken: string | null = null;
  for (const up of ups) {
    if (broken !== null) {
      ways.push(blank(trying, up, `it comes after ${broken}, whose end on the copy is not known`));
      continue;
    }
    const tried = await proveOne(session, trying, up);
    if (!tried.ok) return tried;
    ways.push(tried.value.way);
    if (!tried.value.goesOn) broken = up.name;
  }
  return ok({ ways, stands: broken === null });
}

/** `goesOn`: the copy stands where the migration leads to. */
type Tried = { readonly way: Way; readonly goesOn: boolean };

async function proveOne(session: SqlSession, trying: Trying, up: Up): Promise<Result<Tried>> {
  const then = await readCatalog(session, trying.ledger);
  if (!then.ok) return then;
  const aside = trying.withoutRows === null ? await setAside(session, then.value) : ok([]);
  if (!aside.ok) return aside;
  const before = shapeOf(then.value);
  const beyond = reachesBeyond([...up.parts, up.written ?? ""].join("\n"));
  if (beyond !== null) {
    const why = `it is not tried: "${beyond}" reaches beyond the copy`;
    return ok({ way: { ...blank(trying, up, why), before }, goesOn: false });
  }
  const ran = await runUp(session, up);
  if (!ran.ok) {
    const why = `it fails on a copy of the database: ${said(ran.error)}`;
    return ok({ way: { ...blank(trying, up, why), before }, goesOn: false });
  }
  const now = await readCatalog(session, trying.ledger);
  if (!now.ok) return now;
  const made = await makeDown(session, trying.ledger, then.value, now.value);
  const start = { ...blank(trying, up, null), before, after: shapeOf(now.value) };
  if (!made.ok) return ok({ way: { ...start, why: `none can be made: ${said(made.error)}` }, goesOn: true });
  const way = { ...start, sql: up.written ?? made.value.sql, going: [...made.value.going] };
  const down = await goDown(session, way.sql);
  if (!down.ok) return ok({ way: { ...way, why: `it fails on a copy: ${said(down.error)}` }, goesOn: true });
  const back = await readCatalog(session, trying.ledger);
  if (!back.ok) return back;
  const compared = await compare(session, then.value, back.value, aside.value);
  if (!compared.ok) return compared;
  return again(session, trying, up, { ...way, ...compared.value });
}

async function goDown(session: SqlSession, sql: string): Promise<Result<void>> {
  if (isEmptySql(sql)) return ok(undefined);
  const ran = await session.query(`BEGIN;\n${sql}\nCOMMIT`);
  if (ran.ok) return ok(undefined);
  await session.query("ROLLBACK");
  return ran;
}

type Outcome = Pick<Way, "why" | "losses" | "left">;

async function compare(
  session: SqlSession,
  then: Catalog,
  back: Catalog,
  aside: Parameters<typeof compareAside>[1],
): Promise<Result<Outcome>> {
  const other = differences(then, back);
  if (other.length > 0) {
    const more = other.length > SHOWN_MAX ? ` and ${other.length - SHOWN_MAX} more` : "";
    const why = `after up and down the schema is another one: ${other.slice(0, SHOWN_MAX).join(", ")}${more}`;
    return ok({ why, losses: [], left: [] });
  }
  const rows = await compareAside(session, aside);
  if (!rows.ok) return rows;
  return ok({ why: null, losses: [...rows.value.lost], left: [...rows.value.left] });
}

/** A release that went back is deployed again one day. And the next migration starts from here. */
async function again(session: SqlSession, trying: Trying, up: Up, way: Way): Promise<Result<Tried>> {
  const ran = await runUp(session, up);
  if (!ran.ok) return ok({ way: { ...way, notAgain: said(ran.error) }, goesOn: false });
  const now = await readCatalog(session, trying.ledger);
  if (!now.ok) return now;
  const same = shapeOf(now.value) === way.after;
  return ok({ way: same ? way : { ...way, notAgain: "it leads to another schema" }, goesOn: same });
}

/** What the server said, without the statement in front. */
function said({ what }: Problem): string {
  return what.replace(/^cannot run "[\s\S]*?": (?=\w)/, "");
}

function blank({ tool, withoutRows, release, at }: Trying, up: Up, why: string | null): Way {
  const none: { losses: Values[]; left: Values[]; going: Going[] } = { losses: [], left: [], going: [] };
  const schema = { before: "", after: "", sql: "" };
  return {
    name: up.name,
    tool,
    up: up.digest,
    ...schema,
    ...none,
    why,
    withoutRows,
    notAgain: null,
    release,
    at,
  };
}

/** Our copy is of the same schema as the live database, in the same words. */
export function sameStart(live: Catalog, copy: Catalog): Result<void> {
  if (shapeOf(live) === shapeOf(copy)) return ok(undefined);
  return problem(
    "failed",
    `a copy of the database has another schema than itself: ${differences(live, copy).slice(0, SHOWN_MAX).join(", ")}`,
    "its dump does not bring back all of it; the way back from a migration is a kept copy: lastgood restore --undo",
  );
}

// What a way down takes along or narrows, and how much of it there is in a database now.
import type { Going, Values } from "../../core/migrations/way.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { SqlSession } from "../../ports/sql.ts";
import { quoteText } from "../database/postgres/names.ts";
import type { Catalog, Item } from "./catalog.ts";
import { changesOf } from "./difference.ts";
import { type ColumnData, castTo, columnData } from "./difference-columns.ts";
import { labelsOf } from "./renames.ts";

/** `old` and `now` have the same names; `named` is `now` as it is called before anything goes down. */
export function goingOf(old: Catalog, now: Catalog, named: Catalog): readonly Going[] {
  const { extra, changed } = changesOf(old, now);
  const is = new Map(named.map((one) => [`${one.kind} ${one.key}`, one]));
  const tables = extra("table").filter(({ data }) => data["partitionOf"] === null);
  const place = (item: Item) => {
    const one = is.get(`column ${item.key}`) ?? item;
    const table = is.get(`table ${item.of}`);
    const { column, bare } = columnData(one);
    return { table: table?.name ?? "", column, name: `${String(table?.data["said"])}.${bare}` };
  };
  const survives = ({ of }: Item) => !extra("table").some(({ key }) => key === of);
  const gone = extra("column").filter((one) => survives(one) && columnData(one).generated === null);
  return [
    ...tables.map((one) => ({
      kind: "table" as const,
      table: nameIn(is, one),
      name: String(one.data["said"]),
    })),
    ...gone.map((one) => ({
      kind: "column" as const,
      ...place(one),
      ...fillOf(is.get(`column ${one.key}`) ?? one),
    })),
    ...changed("column")
      .filter(({ old, now }) => columnData(old).type !== columnData(now).type)
      .map(({ old, now }) => ({
        kind: "type" as const,
        ...place(now),
        ...casts(columnData(old), columnData(now)),
      })),
    ...changed("enum").flatMap(({ old, now: one }) => {
      const known = labelsOf(old).map(({ label }) => label);
      const labels = labelsOf(one).flatMap(({ label }) => (known.includes(label) ? [] : [label]));
      const users = now.filter((each) => each.kind === "column" && columnData(each).enum === one.name);
      return labels.length === 0
        ? []
        : users
            .filter((each) => survives(each) && !gone.includes(each))
            .map((each) => ({ kind: "labels" as const, ...place(each), labels }));
    }),
  ];
}

function nameIn(is: ReadonlyMap<string, Item>, { key, name }: Item): string {
  return is.get(`table ${key}`)?.name ?? name;
}

/** A literal, and its type: what a function gives is another value in each row. */
const literal = /^(?:'(?:[^']|'')*'|\(?-?\d+(?:\.\d+)?\)?|true|false)(?:::[\w\s".[\](),]+)?$/;

function fillOf(item: Item): { readonly fill?: string } {
  const { default: value, type } = columnData(item);
  return value !== null && literal.test(value) ? { fill: `(${value})::${type}::text` } : {};
}

/** As suffixes of a value: there and back again. */
function casts(old: ColumnData, now: ColumnData): { readonly from: string; readonly to: string } {
  return { from: castTo("", now), to: castTo("", old) };
}

/** How much goes along now; only what is more than nothing. `refused` where something does not fit the older schema. */
export async function countGoing(
  session: SqlSession,
  going: readonly Going[],
): Promise<Result<readonly Values[]>> {
  const found: Values[] = [];
  for (const one of going) {
    const asked = await session.query(`SELECT count(*) AS n FROM ${one.table}${where(one)}`);
    if (!asked.ok && one.kind === "type" && asked.error.sqlState?.startsWith("22"))
      return unfit(one.name, "some values");
    if (!asked.ok) return asked;
    const count = Number(asked.value.rows[0]?.["n"]);
    if (count > 0 && one.kind === "labels")
      return unfit(one.name, `${count} values (${one.labels.map(quoteText).join(", ")})`);
    if (count > 0) found.push({ name: one.name, count, unit: one.kind === "table" ? "rows" : "values" });
  }
  return ok(found);
}

function where(one: Going): string {
  if (one.kind === "table") return "";
  if (one.kind === "column") {
    const other = one.fill === undefined ? "" : ` AND ${one.column}::text IS DISTINCT FROM ${one.fill}`;
    return ` WHERE ${one.column} IS NOT NULL${other}`;
  }
  if (one.kind === "type")
    return ` WHERE ${one.column}${one.to}${one.from}::text IS DISTINCT FROM ${one.column}::text`;
  // Without the braces of an array, and quotes around its elements.
  const labels = one.labels.map(quoteText).join(", ");
  return ` WHERE string_to_array(replace(trim(BOTH '{}' FROM ${one.column}::text), '"', ''), ',') && ARRAY[${labels}]::text[]`;
}

function unfit(name: string, what: string): Result<never> {
  return problem(
    "refused",
    `${what} of ${name} do not fit the older schema`,
    "change them first, or restore the backup from before it: lastgood restore",
  );
}

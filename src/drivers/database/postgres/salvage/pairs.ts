// The tables of two databases side by side: which columns go over, and what tells a row from the others.
import { ok, type Result } from "../../../../core/result.ts";
import { type ColumnMap, mapColumns } from "../../../../core/salvage/columns.ts";
import { replayOrder } from "../../../../core/salvage/order.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import { type ForeignKey, readForeignKeys, readTables, type Table } from "./catalog.ts";

/** A table that both databases have. */
export type Pair = {
  readonly name: string;
  readonly source: Table;
  readonly target: Table;
  readonly map: ColumnMap;
  /** Names of the columns that go over, in the target's order. */
  readonly columns: readonly string[];
  /** Columns that tell rows apart in both; null where there are none, and the whole content must. */
  readonly key: readonly string[] | null;
  /** Temporary tables in the target's session: rows of the source, and rows of the target that the source lacks. */
  readonly rows: string;
  readonly gone: string;
};

export type Pairs = {
  /** Parents first. */
  readonly pairs: readonly Pair[];
  /** Tables that only the source has. */
  readonly homeless: readonly Table[];
  /** Of the target, also with tables that only the target has. */
  readonly references: readonly ForeignKey[];
  /** Tables of the target by name. */
  readonly targets: ReadonlyMap<string, Table>;
  /** References that are checked at the end, because no order of tables satisfies them. */
  readonly late: readonly ForeignKey[];
};

export async function readPairs(source: SqlSession, target: SqlSession): Promise<Result<Pairs>> {
  const here = await readTables(source);
  if (!here.ok) return here;
  const there = await readTables(target);
  if (!there.ok) return there;
  const references = await readForeignKeys(target);
  return references.ok ? ok(pairsOf(here.value, there.value, references.value)) : references;
}

function pairsOf(here: readonly Table[], there: readonly Table[], all: readonly ForeignKey[]): Pairs {
  const targets = new Map(there.map((table) => [table.name, table]));
  const paired = new Map(
    here.flatMap((source, at) => {
      const target = targets.get(source.name);
      return target === undefined ? [] : [[source.name, pairOf(source, target, at)] as const];
    }),
  );
  const order = replayOrder([...paired.keys()], all);
  const late = new Set(order.late.map(({ from, name }) => `${from} ${name}`));
  return {
    pairs: order.tables.flatMap((name) => paired.get(name) ?? []),
    homeless: here.filter(({ name }) => !targets.has(name)),
    references: all,
    targets,
    late: all.filter(({ from, name }) => late.has(`${from} ${name}`)),
  };
}

function pairOf(source: Table, target: Table, at: number): Pair {
  const map = mapColumns(source.columns, target.columns);
  const columns = target.columns
    .map(({ name }) => name)
    .filter((name) => map.shared.some((shared) => shared.name === name));
  return {
    name: source.name,
    source,
    target,
    map,
    columns,
    key: commonKey(source, target, map),
    rows: `lastgood_rows_${at}`,
    gone: `lastgood_gone_${at}`,
  };
}

/** The primary key first. Its columns must be written alike in both, because rows are found by it. */
function commonKey(source: Table, target: Table, map: ColumnMap): readonly string[] | null {
  const alike = new Set(
    map.shared.filter((column) => writtenAlike(source, target, column)).map(({ name }) => name),
  );
  const keys = source.uniques.flatMap(({ key }) => (key === null ? [] : [[...key].sort().join("\0")]));
  const found = target.uniques.find(
    ({ key }) => key?.every((name) => alike.has(name)) && keys.includes([...key].sort().join("\0")),
  );
  return found?.key ?? null;
}

function writtenAlike(source: Table, target: Table, { name, sameType }: { name: string; sameType: boolean }) {
  const family = ({ columns }: Table) => {
    const type = columns.find((column) => column.name === name)?.type ?? "";
    if (/^(smallint|integer|bigint)$/.test(type)) return "integer";
    return /^(text|character varying.*)$/.test(type) ? "text" : type;
  };
  return sameType || family(source) === family(target);
}

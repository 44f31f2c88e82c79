// The statements from one schema to another that has the same names for the same things, in an order that works.
import { quoteText } from "../database/postgres/names.ts";
import type { Catalog, Item, Kind } from "./catalog.ts";
import { addedColumn, type ColumnData, changedColumn, columnData } from "./difference-columns.ts";
import { labelsOf } from "./renames.ts";

type Changes = {
  /** Only there now. */
  readonly extra: (...kinds: Kind[]) => readonly Item[];
  /** Only there before. */
  readonly gone: (...kinds: Kind[]) => readonly Item[];
  readonly changed: (...kinds: Kind[]) => readonly { readonly old: Item; readonly now: Item }[];
  readonly old: Catalog;
  readonly now: Catalog;
};

/** `old` is where the statements lead to. What they cannot do is found out by whoever tries them. */
export function statementsTo(old: Catalog, now: Catalog): readonly string[] {
  const changes = changesOf(old, now);
  return [
    ...away(changes),
    ...typesFirst(changes),
    ...tables(changes),
    ...leftovers(changes),
    ...onTop(changes),
  ];
}

export function changesOf(old: Catalog, now: Catalog): Changes {
  const id = ({ kind, name }: Item) => `${kind} ${name}`;
  const [former, current] = [
    new Map(old.map((one) => [id(one), one])),
    new Map(now.map((one) => [id(one), one])),
  ];
  const of = (kinds: readonly Kind[], items: Catalog) => items.filter(({ kind }) => kinds.includes(kind));
  return {
    old,
    now,
    extra: (...kinds) => of(kinds, now).filter((one) => !former.has(id(one))),
    gone: (...kinds) => of(kinds, old).filter((one) => !current.has(id(one))),
    changed: (...kinds) =>
      of(kinds, old).flatMap((one) => {
        const other = current.get(id(one));
        return other && other.def !== one.def ? [{ old: one, now: other }] : [];
      }),
  };
}

/** What stands on others goes first, the newest before what it may stand on. */
function away(changes: Changes): readonly string[] {
  const both = (...kinds: Kind[]) => [
    ...changes.extra(...kinds),
    ...changes.changed(...kinds).map(({ now }) => now),
  ];
  const tables = new Set(changes.extra("table").map(({ key }) => key));
  const constraints = both("constraint");
  const isForeign = ({ data }: Item) => data["type"] === "f";
  const drop = (one: Item) => `ALTER TABLE ${tableOf(changes.now, one)} DROP CONSTRAINT ${last(one)}`;
  const stays = ({ of }: Item) => !tables.has(of);
  return [
    ...both("trigger", "policy").map(({ data }) => String(data["drop"])),
    ...both("view")
      .toReversed()
      .map((one) => `DROP ${viewKind(one)} ${one.name}`),
    ...constraints.filter(isForeign).map(drop),
    ...constraints.filter((one) => !isForeign(one) && stays(one)).map(drop),
    ...both("index")
      .filter(stays)
      .map(({ name }) => `DROP INDEX ${name}`),
    ...changes
      .extra("grant")
      .filter(stays)
      .map(({ data }) => String(data["drop"])),
    ...changes
      .extra("comment")
      .filter(stays)
      .map(({ data }) => String(data["drop"])),
  ];
}

function typesFirst(changes: Changes): readonly string[] {
  const functions = [...changes.gone("function"), ...changes.changed("function").map(({ old }) => old)];
  return [
    ...changes.gone("schema").map(({ name }) => `CREATE SCHEMA ${name}`),
    ...changes.gone("extension").map(({ data }) => String(data["create"])),
    ...changes.gone("enum").map((one) => createEnum(one.name, one)),
    ...changes.gone("domain", "composite", "sequence").map(({ data }) => String(data["create"])),
    // Their bodies may name what comes later.
    ...(functions.length > 0 ? ["SET LOCAL check_function_bodies = off"] : []),
    ...functions.map(({ def }) => def),
  ];
}

function createEnum(name: string, one: Item): string {
  return `CREATE TYPE ${name} AS ENUM (${labelsOf(one)
    .map(({ label }) => quoteText(label))
    .join(", ")})`;
}

function tables(changes: Changes): readonly string[] {
  const extra = changes.extra("table");
  const gone = changes.gone("table");
  const of = (tables: readonly Item[], item: Item) => tables.some(({ key }) => key === item.of);
  const drop = changes.extra("column").filter((one) => !of(extra, one));
  const add = changes.gone("column").filter((one) => !of(gone, one));
  return [
    ...(extra.length > 0 ? [`DROP TABLE ${extra.map(({ name }) => name).join(", ")}`] : []),
    ...drop.map((one) => `ALTER TABLE ${tableOf(changes.now, one)} DROP COLUMN ${columnData(one).column}`),
    ...changes.changed("enum").flatMap((one) => exchangeEnum(changes, one)),
    ...gone.map((one) => createTable(changes.old, one)),
    ...add.map(
      (one) => `ALTER TABLE ${tableOf(changes.old, one)} ADD COLUMN ${addedColumn(columnData(one))}`,
    ),
    ...changes
      .changed("column")
      .flatMap(({ old, now }) => changedColumn(tableOf(changes.old, old), columnData(old), columnData(now))),
    ...changes.changed("table").flatMap(({ old }) => security(old)),
  ];
}

function createTable(catalog: Catalog, one: Item): string {
  const { partitionOf, bound, partitionBy, unlogged } = one.data;
  const made = `CREATE ${unlogged === true ? "UNLOGGED " : ""}TABLE ${one.name}`;
  if (typeof partitionOf === "string") return `${made} PARTITION OF ${partitionOf} ${bound}`;
  const columns = catalog.filter(({ kind, of }) => kind === "column" && of === one.key);
  const inside = columns.map((column) => addedColumn(columnData(column))).join(", ");
  return `${made} (${inside})${typeof partitionBy === "string" ? ` PARTITION BY ${partitionBy}` : ""}`;
}

function security({ name, data }: Item): readonly string[] {
  return [
    `ALTER TABLE ${name} ${data["secured"] === true ? "ENABLE" : "DISABLE"} ROW LEVEL SECURITY`,
    `ALTER TABLE ${name} ${data["forced"] === true ? "FORCE" : "NO FORCE"} ROW LEVEL SECURITY`,
  ];
}

/** A label cannot be taken out of an enum: another one takes its place, and rows with such a label make it fail. */
function exchangeEnum(
  { now: catalog, extra }: Changes,
  { old, now }: { old: Item; now: Item },
): readonly string[] {
  const aside = `${now.name.slice(0, -last(now).length)}"lastgood_${now.key}"`;
  const dropped = new Set(extra("column").map(({ key }) => key));
  const lost = new Set(extra("table").map(({ key }) => key));
  const users = catalog.filter(
    (one) =>
      one.kind === "column" &&
      columnData(one).enum === now.name &&
      !dropped.has(one.key) &&
      !lost.has(one.of),
  );
  return [
    `ALTER TYPE ${now.name} RENAME TO ${last({ name: aside })}`,
    createEnum(now.name, old),
    ...users.flatMap((one) => retype(tableOf(catalog, one), columnData(one), columnData(one))),
    `DROP TYPE ${aside}`,
  ];
}

function retype(table: string, old: ColumnData, now: ColumnData): readonly string[] {
  return changedColumn(table, old, { ...now, type: "" });
}

/** Nothing stands on them any more. */
function leftovers(changes: Changes): readonly string[] {
  const drop = (kind: Kind, word: string) => changes.extra(kind).map(({ name }) => `DROP ${word} ${name}`);
  return [
    ...changes
      .extra("function")
      .map(
        ({ name, data }) =>
          `DROP ${{ p: "PROCEDURE", a: "AGGREGATE" }[String(data["kind"])] ?? "FUNCTION"} ${name}`,
      ),
    // Those that belonged to a column went with it.
    ...drop("sequence", "SEQUENCE IF EXISTS"),
    ...drop("enum", "TYPE"),
    ...drop("domain", "DOMAIN"),
    ...drop("composite", "TYPE"),
    ...drop("extension", "EXTENSION"),
    ...drop("schema", "SCHEMA"),
  ];
}

function onTop(changes: Changes): readonly string[] {
  const both = (...kinds: Kind[]) => [
    ...changes.gone(...kinds),
    ...changes.changed(...kinds).map(({ old }) => old),
  ];
  const rank = ({ data }: Item) => ["p", "u", "x", "c", "f"].indexOf(String(data["type"]));
  const constraints = both("constraint").toSorted((a, b) => rank(a) - rank(b));
  const owned = both("sequence").filter(({ data }) => typeof data["ownedBy"] === "string");
  const views = changes.old.filter((one) => both("view").includes(one));
  return [
    ...owned.map(({ name, data }) => `ALTER SEQUENCE ${name} OWNED BY ${data["ownedBy"]}`),
    ...constraints.map(
      (one) => `ALTER TABLE ${tableOf(changes.old, one)} ADD CONSTRAINT ${last(one)} ${one.def}`,
    ),
    ...both("index").map(({ def }) => def),
    ...views.map(
      (one) => `CREATE ${viewKind(one)} ${one.name}${options(one)} AS ${one.def.replace(/;\s*$/, "")}`,
    ),
    ...both("trigger").flatMap((one) => [String(one.data["create"]), ...switchedOff(changes.old, one)]),
    ...changes
      .gone("table")
      .filter(({ data }) => data["secured"] === true)
      .flatMap(security),
    ...both("policy", "grant", "comment").map(({ data }) => String(data["create"])),
  ];
}

function switchedOff(catalog: Catalog, one: Item): readonly string[] {
  const word = { D: "DISABLE", A: "ENABLE ALWAYS", R: "ENABLE REPLICA" }[String(one.data["enabled"])];
  return word === undefined ? [] : [`ALTER TABLE ${tableOf(catalog, one)} ${word} TRIGGER ${last(one)}`];
}

function viewKind({ data }: Item): string {
  return data["kind"] === "m" ? "MATERIALIZED VIEW" : "VIEW";
}

function options({ data }: Item): string {
  return data["options"] ? ` WITH (${String(data["options"])})` : "";
}

function tableOf(catalog: Catalog, { of }: Item): string {
  return catalog.find(({ kind, key }) => (kind === "table" || kind === "view") && key === of)?.name ?? "";
}

/** The last part of a quoted name. */
function last({ name }: Pick<Item, "name">): string {
  return /(?:"(?:[^"]|"")*"|[^".]+)$/.exec(name)?.[0] ?? name;
}

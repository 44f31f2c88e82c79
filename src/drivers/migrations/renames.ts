// What a migration only renamed goes back by its old name: the server's own numbers tell it from dropped and added.
import { quoteName, quoteText } from "../database/postgres/names.ts";
import type { Catalog, Item, Kind } from "./catalog.ts";

/** One round each, with a look in between: the names of a later one hold those of an earlier one. */
export const ROUNDS: readonly (readonly Kind[])[] = [
  ["schema"],
  ["table", "view", "enum", "domain", "composite"],
  // To another schema they go with their tables.
  ["sequence", "index"],
  ["column", "constraint"],
];

/** Statements that give what is there now the names of before. */
export function renamesBack(before: Catalog, now: Catalog, round: readonly Kind[]): readonly string[] {
  const tables = new Map(now.filter(({ kind }) => kind === "table").map((one) => [one.key, one.name]));
  const there = new Map(now.map((one) => [`${one.kind} ${one.key}`, one]));
  const taken = new Set(now.map((one) => `${one.kind} ${one.name}`));
  const statements: string[] = [];
  for (const then of before.filter(({ kind }) => round.includes(kind))) {
    const is = there.get(`${then.kind} ${then.key}`);
    if (is === undefined || is.name === then.name) continue;
    if (taken.has(`${then.kind} ${then.name}`)) continue; // somebody else has the name: both are made anew
    statements.push(...renameBack(then, is, tables.get(is.of) ?? ""));
  }
  return [...statements, ...(round.includes("enum") ? labelsBack(before, now) : [])];
}

function renameBack(then: Item, now: Item, table: string): readonly string[] {
  const bare = (item: Item) => quoteName(String(item.data["bare"]));
  if (then.kind === "schema") return [`ALTER SCHEMA ${now.name} RENAME TO ${then.name}`];
  if (then.kind === "column") return [`ALTER TABLE ${table} RENAME COLUMN ${bare(now)} TO ${bare(then)}`];
  if (then.kind === "constraint")
    return [`ALTER TABLE ${table} RENAME CONSTRAINT ${bare(now)} TO ${bare(then)}`];
  const what = altered(then);
  const [from, to] = [String(now.data["space"]), String(then.data["space"])];
  const moved = from === to ? [] : [`ALTER ${what} ${now.name} SET SCHEMA ${quoteName(to)}`];
  const name = `${quoteName(to)}.${bare(now)}`;
  return then.data["bare"] === now.data["bare"]
    ? moved
    : [...moved, `ALTER ${what} ${name} RENAME TO ${bare(then)}`];
}

function altered({ kind, data }: Item): string {
  if (kind === "view") return data["kind"] === "m" ? "MATERIALIZED VIEW" : "VIEW";
  if (kind === "table" || kind === "sequence" || kind === "index") return kind.toUpperCase();
  return "TYPE";
}

export type EnumLabel = { readonly oid: string; readonly label: string };

/** `RENAME VALUE` keeps the number of a label. */
function labelsBack(before: Catalog, now: Catalog): readonly string[] {
  const enums = now.filter(({ kind }) => kind === "enum");
  return before
    .filter(({ kind }) => kind === "enum")
    .flatMap((then) => {
      const is = enums.find(({ key }) => key === then.key);
      if (is === undefined) return [];
      // After this round's own rename it has the name of before.
      return labelsOf(then).flatMap(({ oid, label }) => {
        const now = labelsOf(is).find((one) => one.oid === oid);
        const taken = labelsOf(is).some((one) => one.label === label);
        if (now === undefined || now.label === label || taken) return [];
        return [`ALTER TYPE ${then.name} RENAME VALUE ${quoteText(now.label)} TO ${quoteText(label)}`];
      });
    });
}

export function labelsOf({ data }: Item): readonly EnumLabel[] {
  return (data["labels"] as readonly EnumLabel[] | null) ?? [];
}

// Columns, and the statements that make, change and fill them.
import type { Item } from "./catalog.ts";

export type ColumnData = {
  /** Quoted. */
  readonly column: string;
  readonly bare: string;
  readonly type: string;
  /** The enum of it, or of its elements. */
  readonly enum: string | null;
  readonly notNull: boolean;
  readonly default: string | null;
  readonly generated: string | null;
  /** Computed when it is read (PostgreSQL 18). */
  readonly virtual: boolean;
  /** `a` always, `d` by default, empty: none. */
  readonly identity: string;
  readonly collation: string | null;
};

export function columnData({ data }: Item): ColumnData {
  return data as unknown as ColumnData;
}

/** As in CREATE TABLE. */
export function addedColumn(one: ColumnData): string {
  const { column, type, collation, notNull, generated, virtual, identity, default: value } = one;
  return [
    `${column} ${type}`,
    ...(collation === null ? [] : [`COLLATE ${collation}`]),
    ...(generated === null ? [] : [`GENERATED ALWAYS AS (${generated}) ${virtual ? "VIRTUAL" : "STORED"}`]),
    ...(identity === "" ? [] : [`GENERATED ${identity === "a" ? "ALWAYS" : "BY DEFAULT"} AS IDENTITY`]),
    ...(value === null ? [] : [`DEFAULT ${value}`]),
    ...(notNull ? ["NOT NULL"] : []),
  ].join(" ");
}

export function changedColumn(table: string, then: ColumnData, now: ColumnData): readonly string[] {
  const alter = (what: string) => `ALTER TABLE ${table} ALTER COLUMN ${then.column} ${what}`;
  const retyped = then.type !== now.type || then.collation !== now.collation;
  const hadDefault = now.default !== null && (retyped || then.default !== now.default);
  const identity = then.identity !== now.identity;
  return [
    ...(identity && now.identity !== "" ? [alter("DROP IDENTITY")] : []),
    ...(hadDefault ? [alter("DROP DEFAULT")] : []),
    ...(then.notNull === false && now.notNull === true ? [alter("DROP NOT NULL")] : []),
    ...(retyped ? [alter(`TYPE ${typeOf(then)} USING ${castTo(then.column, then)}`)] : []),
    ...(then.default !== null && (hadDefault || now.default === null)
      ? [alter(`SET DEFAULT ${then.default}`)]
      : []),
    ...(then.notNull === true && now.notNull === false ? [alter("SET NOT NULL")] : []),
    ...(identity && then.identity !== ""
      ? [alter(`ADD GENERATED ${then.identity === "a" ? "ALWAYS" : "BY DEFAULT"} AS IDENTITY`)]
      : []),
  ];
}

function typeOf({ type, collation }: ColumnData): string {
  return collation === null ? type : `${type} COLLATE ${collation}`;
}

/** One enum becomes another only by way of its text. */
export function castTo(value: string, { type, enum: named }: Pick<ColumnData, "type" | "enum">): string {
  if (named === null) return `${value}::${type}`;
  return `${value}::text${type.endsWith("[]") ? "[]" : ""}::${type}`;
}

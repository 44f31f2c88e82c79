// A way down that was made and tried on a copy: what it says of itself, and what it is called.
import { z } from "zod";
import { tools } from "./status.ts";

const values = z.strictObject({
  /** `users.phone`, or `users` for whole rows. */
  name: z.string(),
  count: z.number().int(),
  unit: z.enum(["values", "rows"]),
});
/** So many values of a column, or rows of a table. */
export type Values = z.infer<typeof values>;

const place = { name: z.string(), table: z.string(), column: z.string() };
const going = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("table"), name: z.string(), table: z.string() }),
  /** `fill`: what every row got with the column. Only other values are somebody's. */
  z.strictObject({ kind: z.literal("column"), ...place, fill: z.string().optional() }),
  z.strictObject({ kind: z.literal("type"), ...place, from: z.string(), to: z.string() }),
  z.strictObject({ kind: z.literal("labels"), ...place, labels: z.array(z.string()) }),
]);
/** What a way down takes along or narrows; counted in the live database just before. Names are quoted for SQL. */
export type Going = z.infer<typeof going>;

export const way = z.strictObject({
  /** Of the migration, as its tool calls it. */
  name: z.string(),
  tool: z.enum(tools),
  /** sha256 of what the migration does. */
  up: z.string(),
  /** Digest of the schema that it starts from, and comes to. */
  before: z.string(),
  after: z.string(),
  /** The way down, without BEGIN and COMMIT. */
  sql: z.string(),
  /** What is not as it was after up and down: values, and rows that stay. */
  losses: z.array(values),
  left: z.array(values),
  going: z.array(going),
  /** Why there is none; null where it works. */
  why: z.string().nullable(),
  /** Why it was tried without rows; null where it was tried with all of them. */
  withoutRows: z.string().nullable(),
  /** Why the migration does not go up a second time after it; null where it does. */
  notAgain: z.string().nullable(),
  /** The release that it was made for. */
  release: z.string().nullable(),
  /** Wall clock, milliseconds. */
  at: z.number(),
});
export type Way = z.infer<typeof way>;

export type Label = "reversible" | "loses" | "restore-only";

export function labelOf({ why, losses }: Way): Label {
  if (why !== null) return "restore-only";
  return losses.length === 0 ? "reversible" : "loses";
}

/** `reversible, loses 5 values (users.phone)`: one line for people. */
export function wayWords(one: Way): string {
  const { why, losses, left, withoutRows, notAgain } = one;
  if (why !== null) return `restore only: ${why}`;
  const lost = losses.length === 0 ? "" : `, loses ${valueWords(losses)}`;
  const stay = left.length === 0 ? "" : `, leaves ${valueWords(left)} that it added`;
  const untried = withoutRows === null ? "" : `; tried without rows: ${withoutRows}`;
  const once = notAgain === null ? "" : `; does not go up again: ${notAgain}`;
  return `reversible${lost}${stay}${untried}${once}`;
}

/** `5 values (users.phone) and 12 rows (orders)`. */
export function valueWords(some: readonly Values[]): string {
  const parts = (["values", "rows"] as const).flatMap((unit) => {
    const of = some.filter((one) => one.unit === unit);
    if (of.length === 0) return [];
    const count = of.reduce((sum, one) => sum + one.count, 0);
    const named = of.map(({ name, count: each }) => (of.length === 1 ? name : `${name}: ${each}`));
    return [`${count} ${count === 1 ? unit.slice(0, -1) : unit} (${named.join(", ")})`];
  });
  return parts.join(" and ");
}

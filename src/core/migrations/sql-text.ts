// Migrations as plain SQL files: their names, their two directions, and what must not stand in them.

export type SqlFile = {
  readonly name: string;
  readonly up: string;
  /** Null where there is none. The same file as `up` where both directions stand in one. */
  readonly down: string | null;
};

/**
 * `001_x.up.sql` with `001_x.down.sql`; `001_x.sql`, with `001_x.down.sql` or alone; `001_x/up.sql` with
 * `001_x/down.sql`. Paths inside of the folder, with `/`.
 */
export function sqlFiles(paths: readonly string[]): readonly SqlFile[] {
  const all = new Set(paths);
  const ups = paths.filter((path) => path.endsWith(".sql") && !/(^|[./])down\.sql$/.test(path));
  return ups
    .map((up) => {
      const name = up.replace(/(\/up|\.up)?\.sql$/, "");
      const down = [`${name}.down.sql`, `${name}/down.sql`].find((path) => all.has(path)) ?? null;
      return { name, up, down };
    })
    .sort((a, b) => compareNames(a.name, b.name));
}

/** `2_b` before `10_a`: by the number at the front, then by the rest. */
function compareNames(a: string, b: string): number {
  const number = (name: string) => BigInt(/^\d+/.exec(name)?.[0] ?? "0");
  const [x, y] = [number(a), number(b)];
  if (x !== y) return x < y ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** One text with both directions, as dbmate and goose write them; null where it has no such marks. */
export function downSection(text: string): string | null {
  const [, down] = /^--\s*(?:migrate:down|\+goose Down)\b[^\n]*\n([\s\S]*)$/im.exec(text) ?? [];
  if (down === undefined) return null;
  const end = /^--\s*(?:migrate:up|\+goose Up)\b/im.exec(down);
  return end ? down.slice(0, end.index) : down;
}

/** The other direction of the same text; all of it where it has no such marks. */
export function upSection(text: string): string {
  const [, up] = /^--\s*(?:migrate:up|\+goose Up)\b[^\n]*\n([\s\S]*)$/im.exec(text) ?? [];
  const from = up ?? text;
  const down = /^--\s*(?:migrate:down|\+goose Down)\b/im.exec(from);
  return down ? from.slice(0, down.index) : from;
}

/** We run it in a transaction of ours: lines that begin or end one would cut it in two. */
export function withoutTransaction(text: string): string {
  return text
    .split("\n")
    .filter((line) => !/^\s*(BEGIN|COMMIT|START TRANSACTION)(\s+(TRANSACTION|WORK))?\s*;\s*$/i.test(line))
    .join("\n");
}

/** What PostgreSQL runs in no transaction, or what would end ours; null where there is nothing of it. */
export function outsideOnly(text: string): string | null {
  const bare = withoutTransaction(text)
    .replace(/--[^\n]*/g, "")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/(\$\w*\$)[\s\S]*?\1/g, "")
    .replace(/'(?:[^']|'')*'/g, "");
  const [found] =
    /\b(CONCURRENTLY|VACUUM|CREATE DATABASE|DROP DATABASE|ALTER SYSTEM|COMMIT|ROLLBACK|PREPARE TRANSACTION)\b/i.exec(
      bare,
    ) ?? [];
  return found ?? null;
}

export function isEmptySql(text: string): boolean {
  return text.replace(/--[^\n]*/g, "").trim() === "";
}

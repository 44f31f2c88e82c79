// Where a database stands in its migrations, seen from a folder of them: what is applied, pending, or unknown to it.

export const tools = ["prisma", "sql", "knex", "drizzle", "node-pg-migrate"] as const;
export type Tool = (typeof tools)[number];

/** One migration of the folder. */
export type Shipped = {
  readonly name: string;
  /** sha256 of what it does, where its tool writes that down too. */
  readonly digest: string | null;
  /** There is a written way down. */
  readonly down: boolean;
};

/** One row of the tool's own table. */
export type Applied = {
  readonly name: string;
  readonly digest: string | null;
  /** As the tool wrote it; null where it does not. */
  readonly at: string | null;
  /** Begun, and never ended well. */
  readonly failed: boolean;
  /** What a tool's `rollback` would undo at once; null where it does not work that way. */
  readonly batch: number | null;
};

export type MigrationStatus = {
  readonly tool: Tool;
  /** The tool's own table; it is missing where nothing was ever migrated. */
  readonly table: string;
  readonly tableThere: boolean;
  /** In the order in which they were applied. */
  readonly applied: readonly Applied[];
  /** In the folder, and not applied. */
  readonly pending: readonly string[];
  /** Applied, and not in the folder: the schema is newer than this code. */
  readonly unknown: readonly string[];
  /** In both, and the file is not what was applied. */
  readonly edited: readonly string[];
  readonly failed: readonly string[];
};

export function compareMigrations(
  tool: Tool,
  table: string,
  applied: readonly Applied[] | null,
  shipped: readonly Shipped[],
): MigrationStatus {
  const rows = applied ?? [];
  const done = new Set(rows.filter(({ failed }) => !failed).map(({ name }) => name));
  const there = new Map(shipped.map((one) => [one.name, one]));
  const edited = rows.filter(({ name, digest, failed }) => {
    const file = there.get(name);
    return !failed && digest !== null && file?.digest != null && file.digest !== digest;
  });
  return {
    tool,
    table,
    tableThere: applied !== null,
    applied: rows,
    pending: shipped.map(({ name }) => name).filter((name) => !done.has(name)),
    unknown: rows.map(({ name }) => name).filter((name) => !there.has(name)),
    edited: edited.map(({ name }) => name),
    failed: rows.filter(({ failed }) => failed).map(({ name }) => name),
  };
}

/** What a release with this folder does when it starts on this database. */
export type Start = "as-it-is" | "migrates" | "unaware" | "fails";

export function startOn({ tool, unknown, pending, failed }: MigrationStatus): Start {
  if (failed.length > 0 && tool === "prisma") return "fails";
  // Measured: only Knex looks at what it does not know, and then refuses everything.
  if (unknown.length > 0) return tool === "knex" ? "fails" : "unaware";
  return pending.length > 0 ? "migrates" : "as-it-is";
}

const startWords: Readonly<Record<Start, string>> = {
  "as-it-is": "Code and schema are of the same time.",
  migrates: "The code is newer: its migrations are still to be applied.",
  unaware:
    "The schema is newer than the code. The tool says nothing of it: whether the code works there only its own checks can tell.",
  fails: "A release with this folder does not come up: its tool refuses at the start.",
};

/** A sentence for people. */
export function startSentence(status: MigrationStatus): string {
  return startWords[startOn(status)];
}

/** Can what is applied be undone by what its author wrote, and by whom? */
export const downBy: Readonly<Record<Tool, "us" | "its own tool" | "nobody">> = {
  sql: "us",
  knex: "its own tool",
  "node-pg-migrate": "its own tool",
  prisma: "nobody",
  drizzle: "nobody",
};

export type DownChoice =
  | { readonly ok: true; readonly names: readonly string[] }
  | { readonly ok: false; readonly why: string; readonly next: string };

const restoreInstead =
  "restore the backup from before it (lastgood restore), then bring newer rows along: lastgood salvage";

/** Which migrations go down, newest first: the newest `count`, or all that came after `to`. */
export function chooseDown(
  status: MigrationStatus,
  shipped: readonly Shipped[],
  wish: { readonly count: number; readonly to: string | null },
): DownChoice {
  const no = (why: string, next: string): DownChoice => ({ ok: false, why, next });
  const newest = status.applied.map(({ name }) => name).toReversed();
  const at = wish.to === null ? wish.count : newest.indexOf(wish.to);
  if (at < 0) return no(`${wish.to} is not applied here`, "see lastgood migrate status");
  const names = newest.slice(0, at);
  if (names.length === 0) return no("there is nothing to go down from", "see lastgood migrate status");
  if (downBy[status.tool] === "nobody") return no(`${status.tool} has no way down`, restoreInstead);
  const broken = names.find((name) => status.failed.includes(name));
  if (broken) return no(`${broken} failed half-way: what it left nobody knows`, restoreInstead);
  const gone = names.find((name) => status.unknown.includes(name));
  if (gone)
    return no(
      `the way down from ${gone} is not in this folder: it came with the release that applied it`,
      "point migrations.folder at that release's folder, or restore the backup from before it",
    );
  const without = names.find((name) => !shipped.find((one) => one.name === name)?.down);
  return without ? no(`${without} has no written way down`, restoreInstead) : { ok: true, names };
}

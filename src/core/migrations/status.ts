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

/** Who takes down what is applied: we do it in SQL, or the tool by what its author wrote. */
export const downBy: Readonly<Record<Tool, "us" | "its own tool">> = {
  sql: "us",
  prisma: "us",
  drizzle: "us",
  knex: "its own tool",
  "node-pg-migrate": "its own tool",
};

/** Of migrations that a way down was made for: why it can't be gone; null where it can. */
export type Ways = ReadonlyMap<string, string | null>;

export type DownChoice =
  | { readonly ok: true; readonly names: readonly string[] }
  | { readonly ok: false; readonly why: string; readonly next: string };

const restoreInstead =
  "restore the backup from before it (lastgood restore), then bring newer rows along: lastgood salvage";

export type DownFrom = {
  readonly status: MigrationStatus;
  readonly shipped: readonly Shipped[];
  readonly ways: Ways;
  /** Those that failed, and left nothing: only their rows are to go. */
  readonly untouched: readonly string[];
};

/** Which migrations go down, newest first: the newest `count`, or all that came after `to`. */
export function chooseDown(
  { status, shipped, ways, untouched }: DownFrom,
  wish: { readonly count: number; readonly to: string | null },
): DownChoice {
  const no = (why: string, next: string): DownChoice => ({ ok: false, why, next });
  const newest = status.applied.map(({ name }) => name).toReversed();
  const at = wish.to === null ? wish.count : newest.indexOf(wish.to);
  if (at < 0) return no(`${wish.to} is not applied here`, "see lastgood migrate status");
  const names = newest.slice(0, at);
  if (names.length === 0) return no("there is nothing to go down from", "see lastgood migrate status");
  for (const name of names) {
    const trouble = untouched.includes(name) ? null : noWayFrom(name, { status, shipped, ways });
    if (trouble !== null) return no(trouble.why, trouble.next);
  }
  return { ok: true, names };
}

type Trouble = { readonly why: string; readonly next: string };

/** What its author wrote goes before what was made. */
function noWayFrom(name: string, { status, shipped, ways }: Omit<DownFrom, "untouched">): Trouble | null {
  if (status.failed.includes(name))
    return { why: `${name} failed half-way: what it left nobody knows`, next: restoreInstead };
  if (shipped.find((one) => one.name === name)?.down) return null;
  const made = ways.get(name);
  if (made === null) return null;
  if (made !== undefined) return { why: `${name} has no way down: ${made}`, next: restoreInstead };
  if (status.unknown.includes(name))
    return {
      why: `the way down from ${name} is not in this folder: it came with the release that applied it`,
      next: "point migrations.folder at that release's folder, or restore the backup from before it",
    };
  const how = isMade(status.tool)
    ? "no way down: none was made before it was applied"
    : "no written way down";
  return { why: `${name} has ${how}`, next: restoreInstead };
}

/** Tools that know no way down: it is made of the difference, before they are applied. */
function isMade(tool: Tool): boolean {
  return tool === "prisma" || tool === "drizzle";
}

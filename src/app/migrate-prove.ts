// Before a deploy: ways down from the migrations that it brings. Before a rollback: which ones stay behind.
import type { NewEvent } from "../core/event.ts";
import { wayWords } from "../core/migrations/way.ts";
import type { Release } from "../core/release.ts";
import { withDeadline } from "../engine/deadline.ts";
import { type App, looseOp, type Site } from "./app.ts";
import { broughtBy, cameWith } from "./migrate-back.ts";
import { askOlder } from "./migrate-older.ts";

/** What a person reads before saying yes to a deploy. Trying them touches a copy alone, and never keeps a deploy. */
export async function wayNotes(app: App, site: Site, release: Release): Promise<readonly string[]> {
  const { migrations: desk } = site;
  if (!desk) return [];
  const status = await desk.driver.status();
  const older = askOlder(app, site, release, status.ok ? status.value.pending : []);
  const proved = await desk.driver.prove(looseOp(app, "prove"), release.id, older.tryOn);
  const answer = older.answer(proved.ok ? proved.value : null);
  if (proved.ok)
    return [...proved.value.map((way) => `The migration ${way.name}: ${wayWords(way)}.`), ...answer];
  const { what, next } = proved.error;
  return [`No way down was tried for the migrations: ${what}. ${sentence(next)}`, ...answer];
}

/** The fact of which migrations go out with it, for when it is left: afterwards the table alone does not tell. */
export async function brings(
  { migrations: desk, settings: { env } }: Site,
  release: Release,
): Promise<readonly NewEvent[]> {
  const status = await desk?.driver.status();
  if (!status?.ok || status.value.pending.length === 0) return [];
  const names = [...status.value.pending];
  return [{ type: "migrate.brought", data: { env, release: release.id, names } }];
}

/** Nobody waits for a note while production is broken: the database may be what is broken. */
const noteMs = 500;

/** The code goes back alone: what its migrations did to the schema stays, and may be taken down afterwards. */
export async function stayNotes(app: App, site: Site, from: Release | null): Promise<readonly string[]> {
  const { clock } = app.deps;
  const { migrations: desk } = site;
  if (!desk || from === null) return [];
  const brought = await broughtBy(app, site, desk, from);
  if (!brought.ok || brought.value.names.length === 0) return [];
  const { result } = await withDeadline(clock, noteMs, "asking for migrations", () =>
    cameWith(app, site, desk, from),
  );
  if (!result.ok)
    return [
      `The schema may stay as ${from.version} made it, which can't be asked now: lastgood migrate status.`,
    ];
  if (result.value.names.length === 0) return [];
  const { ways, names, after } = result.value;
  const untried = names.filter((name) => !ways.some((way) => way.name === name));
  const down = after === null ? `--steps ${names.length}` : `--to ${after}`;
  return [
    ...ways.map((way) => `The schema stays as ${from.version} made it: ${way.name} (${wayWords(way)}).`),
    ...untried.map((name) => `The schema stays as ${from.version} made it: ${name} (no way down was tried).`),
    `lastgood migrate down ${down} takes that down afterwards; --with-migrations does both at once.`,
  ];
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`.replace(/\.\.$/, ".");
}

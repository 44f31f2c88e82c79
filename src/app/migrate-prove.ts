// Before a deploy: ways down from the migrations that it brings. Before a rollback: which ones stay behind.
import { wayWords } from "../core/migrations/way.ts";
import type { Release } from "../core/release.ts";
import { withDeadline } from "../engine/deadline.ts";
import { type App, looseOp, type Site } from "./app.ts";
import { cameWith } from "./migrate-back.ts";

/** What a person reads before saying yes to a deploy. Trying them touches a copy alone, and never keeps a deploy. */
export async function wayNotes(
  app: App,
  { migrations: desk }: Site,
  release: Release,
): Promise<readonly string[]> {
  if (!desk) return [];
  const proved = await desk.driver.prove(looseOp(app, "prove"), release.id);
  if (proved.ok) return proved.value.map((way) => `The migration ${way.name}: ${wayWords(way)}.`);
  const { what, next } = proved.error;
  return [`No way down was tried for the migrations: ${what}. ${sentence(next)}`];
}

/** Nobody waits for a note while production is broken: the database may be what is broken. */
const noteMs = 500;

/** The code goes back alone: what its migrations did to the schema stays, and may be taken down afterwards. */
export async function stayNotes(
  { deps: { clock } }: App,
  { migrations: desk }: Site,
  from: Release | null,
): Promise<readonly string[]> {
  if (!desk || from === null) return [];
  const kept = await desk.driver.ways();
  if (!kept.ok || !kept.value.some(({ release }) => release === from.id)) return [];
  const { result } = await withDeadline(clock, noteMs, "asking for migrations", () => cameWith(desk, from));
  if (!result.ok)
    return [
      `The schema may stay as ${from.version} made it, which can't be asked now: lastgood migrate status.`,
    ];
  if (result.value.names.length === 0) return [];
  const { ways, names, after } = result.value;
  const down = after === null ? `--steps ${names.length}` : `--to ${after}`;
  return [
    ...ways.map((way) => `The schema stays as ${from.version} made it: ${way.name} (${wayWords(way)}).`),
    `lastgood migrate down ${down} takes that down afterwards; --with-migrations does both at once.`,
  ];
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`.replace(/\.\.$/, ".");
}

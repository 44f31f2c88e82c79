// What must not be lost before somebody looked: a copy of the data, the newest lines of every part, the release's files.
import type { EventData, NewEvent } from "../core/event.ts";
import { envState } from "../core/state.ts";
import { type App, looseOp, type Site } from "./app.ts";

const linesOfPart = 100;
const lineCharacters = 300;
const partsKept = 20;

type Items = EventData<"evidence.kept">["items"];

/** Never fails: what could not be kept is said in its place. */
export async function keepEvidence(app: App, site: Site, why: string): Promise<void> {
  const { env } = site.settings;
  const serving = envState(app.deps.ledger.state(), env).serving;
  const files: Items =
    serving === null
      ? []
      : [{ what: "release", where: `${serving}: its files are kept while deploys are frozen` }];
  const items = [...files, ...(await data(app, site)), ...(await logs(app, site))];
  const kept: NewEvent = { type: "evidence.kept", data: { env, why, items } };
  app.deps.ledger.record([kept]);
}

async function data(app: App, { world }: Site): Promise<Items> {
  if (!world.database) return [];
  const backup = await world.database.backUp(looseOp(app, "evidence"), "evidence");
  const where = backup.ok ? `backup ${backup.value.id}` : `not kept: ${backup.error.what}`;
  return [{ what: "database", where }];
}

async function logs(app: App, { settings }: Site): Promise<Items> {
  const { parts } = app.care(settings.env);
  const all = await parts.list();
  if (!all.ok) return [{ what: "logs", where: `not kept: ${all.error.what}` }];
  const pages = all.value.slice(0, partsKept).map(async ({ name }) => {
    const page = await parts.logs(name, { lines: linesOfPart, sinceMs: null, after: null });
    const where = page.ok
      ? page.value.lines.map((line) => line.text.slice(0, lineCharacters)).join("\n")
      : `not kept: ${page.error.what}`;
    return { what: `log of ${name}`, where: where === "" ? "it printed nothing" : where };
  });
  return bounded(await Promise.all(pages));
}

const factCharacters = 150_000;

/** A fact has its bound: parts beyond it are named, not shown. */
function bounded(items: Items): Items {
  let room = factCharacters;
  return items.map((item) => {
    room -= item.where.length;
    return room > 0 ? item : { ...item, where: "not kept: there was too much of it; lastgood logs shows it" };
  });
}

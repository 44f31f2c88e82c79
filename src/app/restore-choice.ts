// Which backup a restore is about: by its id, by a time, by a file from elsewhere, or what the last restore replaced.
import { parseDuration } from "../config/duration.ts";
import { isKept } from "../core/backups/kept.ts";
import { span } from "../core/doctor/look.ts";
import { err, ok, type Problem, problem, type Result } from "../core/result.ts";
import type { Backup } from "../ports/database.ts";
import { type App, looseOp } from "./app.ts";
import { recalled } from "./archive.ts";
import { fetchNotYounger, findOrFetch } from "./fetch-backup.ts";
import type { Desk } from "./find-backup.ts";

type Wish = {
  readonly backup: string | null;
  readonly at: string | null;
  readonly undo: boolean;
  readonly planOnly: boolean;
};

export async function chooseBackup(app: App, desk: Desk, wish: Wish): Promise<Result<Backup>> {
  if ([wish.backup !== null, wish.at !== null, wish.undo].filter(Boolean).length > 1)
    return problem("usage", "a backup, --at and --undo say different things", "Say one of them.");
  if (wish.undo) return replaced(desk);
  const { pointInTime } = desk.desk;
  if (wish.at !== null)
    return pointInTime ? recalled(app, pointInTime, wish.at) : notYoungerThan(app, desk, wish.at);
  if (wish.backup !== null && /[/\\]/.test(wish.backup)) return takeIn(app, desk, wish.backup);
  const found = await findOrFetch(app, desk, wish.backup);
  if (!found.ok) return wish.backup === null ? found : orFile(found.error);
  if (found.value.damaged === undefined) return found;
  const what = `${found.value.id} is damaged: ${found.value.damaged}`;
  return problem("damaged", what, "Choose another: lastgood backup list");
}

/** Asked of the database itself: its marker is the op of the restore that made it what it is. */
export async function replaced({ database }: Desk): Promise<Result<Backup>> {
  const marker = await database.marker();
  if (!marker.ok) return marker;
  if (marker.value === null)
    return problem("missing", "no restore was made here that could be taken back", "lastgood backup list");
  const all = await database.backups();
  if (!all.ok) return all;
  const kept = all.value.find((one) => isKept(one) && one.op === marker.value);
  if (kept) return ok(kept);
  const what = "what the last restore replaced is not kept any more";
  return problem("missing", what, "lastgood backup list shows what there is.");
}

async function notYoungerThan(app: App, desk: Desk, text: string): Promise<Result<Backup>> {
  const ageMs = parseDuration(text);
  const at = ageMs === null ? Date.parse(text) : app.deps.clock.now() - ageMs;
  if (Number.isNaN(at)) {
    const next = "Write a time such as 2026-07-01T03:15Z, or an age such as 90m.";
    return problem("usage", `"${text}" is no time`, next);
  }
  const all = await desk.database.backups();
  if (!all.ok) return all;
  const whole = all.value.filter((one) => one.damaged === undefined && !isKept(one));
  const found = whole.find((one) => one.at <= at);
  if (found) return ok(found);
  const fetched = await fetchNotYounger(app, desk, at);
  if (fetched !== null) return fetched;
  const oldest = whole.at(-1);
  const ago = oldest ? span(Math.max(0, app.deps.clock.now() - oldest.at)) : "";
  const next = oldest ? `The oldest is ${oldest.id}, ${ago} old.` : "lastgood backup now";
  return problem("missing", `there is no backup that is whole from then or before`, next);
}

function orFile(error: Problem): Result<never> {
  return err({ ...error, next: `${error.next} A file has a path: ./dump.db` });
}

/** From then on it is a backup like the others, also where only a plan was asked for. */
async function takeIn(app: App, desk: Desk, path: string): Promise<Result<Backup>> {
  return desk.desk.care.intake(looseOp(app, "intake"), path);
}

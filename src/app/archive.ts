// What stands beside a database's own backups where its server's WAL is archived: copies of the server, and any moment.
import { parseDuration } from "../config/duration.ts";
import { size, span } from "../core/doctor/look.ts";
import type { JsonObject } from "../core/json.ts";
import { ok, problem, type Result } from "../core/result.ts";
import { envState } from "../core/state.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import type { Backup } from "../ports/database.ts";
import type { Moment, PointInTime, Reach, ServerSet } from "../ports/point-in-time.ts";
import { type App, looseOp } from "./app.ts";
import { alarm, type Desk, problemData, said } from "./find-backup.ts";
import { askAll, type Checked, checkedData, checkedWords } from "./integrity.ts";

/** An age such as `2h`, a time of ISO 8601, or else the name of a point. */
function momentIn(app: App, text: string): Moment {
  const ageMs = parseDuration(text);
  const at = ageMs === null ? Date.parse(text) : app.deps.clock.now() - ageMs;
  return Number.isNaN(at) ? { kind: "point", name: text } : { kind: "time", at };
}

/** As it was then, it is a backup like any other from now on, also where only a plan was asked for. */
export function recalled(app: App, there: PointInTime, text: string): Promise<Result<Backup>> {
  return there.recall(looseOp(app, "recall"), momentIn(app, text));
}

/** Null where nothing archives the server's WAL. */
export async function copyServer(
  app: App,
  { site, desk }: Desk,
  by: string,
): Promise<Result<ServerSet> | null> {
  if (!desk.pointInTime) return null;
  const began = app.deps.clock.elapsed();
  const taken = await desk.pointInTime.backUp(looseOp(app, "set"));
  if (!taken.ok) return taken;
  const { id, kind, bytes } = taken.value;
  const ms = Math.round(app.deps.clock.elapsed() - began);
  const data = { env: site.settings.env, set: id, kind, bytes, ms, by };
  app.deps.ledger.record([{ type: "archive.copied", data }]);
  return taken;
}

export function copyWords(set: Result<ServerSet> | null): string {
  if (!set?.ok) return "";
  const { id, kind, bytes } = set.value;
  const called = { full: "full", diff: "differential", incr: "incremental" }[kind];
  return ` The server's ${called} copy ${id} (${size(bytes)}) went into the archive before it.`;
}

/** Null where there is none; what can't be told is said, and hides nothing else. */
export async function archiveData(app: App, { site, desk }: Desk): Promise<JsonObject | null> {
  if (!desk.pointInTime) return null;
  const there = await desk.pointInTime.reach();
  if (!there.ok) return { problem: problemData(there.error) };
  const { archiveDrill } = envState(app.deps.ledger.state(), site.settings.env).backups;
  return { ...reachData(there.value), drilled: archiveDrill && { ...archiveDrill }, problem: null };
}

function reachData({ about, from, sets, points }: Reach): JsonObject {
  return { about, from, sets: sets.map((one) => ({ ...one })), points: points.map((one) => ({ ...one })) };
}

/** Null where there is none. */
export async function verifyArchive(app: App, { site, desk }: Desk): Promise<Result<void> | null> {
  if (!desk.pointInTime) return null;
  const began = app.deps.clock.elapsed();
  const whole = await desk.pointInTime.verify();
  const ms = Math.round(app.deps.clock.elapsed() - began);
  const data = { env: site.settings.env, problem: whole.ok ? null : whole.error, ms };
  app.deps.ledger.record([{ type: "archive.verified", data }]);
  return whole;
}

export type MomentWish = {
  /** Null: the newest named point. */
  readonly at: string | null;
  readonly by: string;
};

type Drilled = {
  readonly moment: string;
  readonly ms: number;
  readonly checked: Checked;
};

/** Whatever comes of it is a fact. `told`: to people as well, because nobody watches. */
export async function drillMoment(
  app: App,
  { site, desk }: Desk,
  { at, by }: MomentWish,
  told = false,
): Promise<Result<Drilled>> {
  const { env } = site.settings;
  const began = app.deps.clock.elapsed();
  const done = await rehearse(app, desk, at);
  const ms = Math.round(done.ok ? done.value.ms : app.deps.clock.elapsed() - began);
  const moment = done.ok ? done.value.moment : (at ?? "the newest point");
  const problems = done.ok ? null : done.error;
  const messages =
    problems && told ? [alarm(app, env, "the drill of the archive failed", problems.what)] : [];
  const data = { env, moment, problem: problems, ms, checks: done.ok ? done.value.checked.checks : 0, by };
  app.deps.ledger.record([{ type: "archive.drilled", data }], messages);
  return done;
}

async function rehearse(app: App, desk: Desk["desk"], at: string | null): Promise<Result<Drilled>> {
  if (!desk.pointInTime)
    return problem(
      "config",
      "nothing archives the WAL of this database's server",
      "Write `pointInTime:` under database: in lastgood.yml.",
    );
  let asked: Result<Checked> = ok({ checks: 0, failures: [] });
  const moment = at === null ? null : momentIn(app, at);
  const done = await desk.pointInTime.rehearse(moment, async (copy) => {
    asked = await askAll(copy, desk.assertions);
  });
  if (!done.ok) return done;
  const checked = asked as Result<Checked>;
  if (!checked.ok) return checked;
  const { ms, moment: words } = done.value;
  if (checked.value.failures.length === 0) return ok({ ms, moment: words, checked: checked.value });
  const what = `${words} was restored, but its data is not right: ${checkedWords("it", checked)}`;
  return problem("damaged", what, "Drill an earlier one: lastgood backup list");
}

export async function drillArchive(app: App, desk: Desk, wish: MomentWish): Promise<Outcome> {
  const { env } = desk.site.settings;
  const done = await drillMoment(app, desk, wish);
  if (!done.ok)
    return {
      ...stopped("drill", env, done.error),
      outcome: ["missing", "usage"].includes(done.error.code) ? "usage" : "failed",
      means: "Production was not touched, and the archive got nothing.",
    };
  const { moment, ms, checked } = done.value;
  return said("drill", env, {
    outcome: "done",
    what: `${moment} was restored from the archive in ${span(ms)}, and every row was read.`,
    means: `${checkedWords("the restored copy", ok(checked))} The copy of the server is gone again.`.trim(),
    next: `lastgood restore --at "${moment.replace("the point ", "")}" --plan says what it would cost to go back to it.`,
    data: { moment, ms: Math.round(ms), integrity: checkedData(ok(checked)) },
  });
}

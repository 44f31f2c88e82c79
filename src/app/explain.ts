// lastgood explain: why something was done, or was not: from the journal alone.
import type { EventOf, EventType } from "../core/event.ts";
import type { JsonObject } from "../core/json.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import { type App, site } from "./app.ts";

export type ExplainInput = {
  readonly env: string;
  /** A decision by its number, a watch, an incident, a run; null: the newest decision. */
  readonly what: string | null;
};

const verb = "explain";
const searched = 1_000;

type Made = EventOf<"decision.made">;

export function explain(app: App, { env, what }: ExplainInput): Outcome {
  const found = site(app, env);
  if (!found.ok) return stopped(verb, env, found.error);
  const made = newest(app, env, ["decision.made"]) as Made[];
  const decision = what === null ? made[0] : named(app, env, made, what);
  if (!decision) return nothing(env, what, made);
  return shown(app, env, decision);
}

function newest(app: App, env: string, types: readonly EventType[]) {
  const { journal } = app.deps.ledger;
  return journal
    .newest(types, journal.head() + 1, searched)
    .filter((event) => "env" in event.data && event.data.env === env);
}

/** By number, by watch, by incident or guard of a flag, by the run that it led to, or by release. */
function named(app: App, env: string, made: readonly Made[], what: string): Made | undefined {
  const number = Number(what.replace(/^decision-/, ""));
  const direct = made.find((one) => one.seq === number || one.data.watch === what);
  if (direct) return direct;
  const later = app.deps.ledger.journal
    .newest(
      ["run.planned", "flag.guard-ended", "investigation.opened", "release.quarantined"],
      Number.MAX_SAFE_INTEGER,
      searched,
    )
    .find((event) => names(event, env, what));
  if (!later) return undefined;
  // What a decision led to stands right behind it in the journal.
  return made.find((one) => one.seq < later.seq) ?? made.find((one) => one.seq > later.seq);
}

type Led = EventOf<"run.planned" | "flag.guard-ended" | "investigation.opened" | "release.quarantined">;

function names(
  event: ReturnType<App["deps"]["ledger"]["journal"]["newest"]>[number],
  env: string,
  what: string,
) {
  const led = event as Led;
  if (led.type === "run.planned") return led.data.plan.env === env && led.data.run === what;
  if (led.data.env !== env) return false;
  if (led.type === "flag.guard-ended") return led.data.guard === what || led.data.incident === what;
  if (led.type === "investigation.opened") return led.data.investigation === what;
  return led.data.release === what;
}

function shown(app: App, env: string, { seq, at, data: made }: Made): Outcome {
  const data = {
    decision: { number: seq, at, ...made } as unknown as JsonObject,
    belongs: belonging(app, env, seq, at),
    back: wentBack(app, env, seq, made),
  };
  const done = `Decision ${seq}: ${made.decision} (rule ${made.rule}).`;
  return {
    verb,
    env,
    outcome: "done",
    what: done,
    means: made.why,
    next: "lastgood log export has every fact; lastgood compare says whether going back would help.",
    problem: null,
    data,
  };
}

/** What the way back that it led to, or that it is about, came to; null: none, or not yet. */
function wentBack(app: App, env: string, seq: number, { decision, watch }: Made["data"]): JsonObject | null {
  const all = newest(app, env, ["rollback.compared"]) as EventOf<"rollback.compared">[];
  const leaves = decision === "roll-back" || decision === "restore";
  const found = leaves
    ? all.findLast((one) => one.seq > seq && one.at - atOf(app, seq) < watchedMs)
    : all.find((one) => watch !== null && one.data.watch === watch);
  if (!found) return null;
  const { left, to, helped, why, measures } = found.data;
  return { left, to, helped, why, measures };
}

function atOf(app: App, seq: number): number {
  return app.deps.ledger.journal.read(seq - 1, 1)[0]?.at ?? 0;
}

/** A way back with all its steps, and its watch. */
const watchedMs = 60 * 60_000;
const momentMs = 5_000;

/** Investigations, drafts, evidence and freezes of the same moment. */
function belonging(app: App, env: string, seq: number, at: number): JsonObject[] {
  const types = ["investigation.opened", "message.drafted", "evidence.kept", "deploys.frozen"] as const;
  const near = 20;
  return newest(app, env, types)
    .filter((event) => Math.abs(event.seq - seq) <= near && Math.abs(event.at - at) <= momentMs)
    .map(({ type, data }) => ({ type, ...(data as JsonObject) }))
    .reverse();
}

function nothing(env: string, what: string | null, made: readonly Made[]): Outcome {
  if (what === null && made.length === 0) {
    const said = `Nothing had to be decided in ${env} yet.`;
    return {
      verb,
      env,
      outcome: "done",
      what: said,
      means: "",
      next: "lastgood status",
      problem: null,
      data: {},
    };
  }
  const known = made.slice(0, 5).map((one) => `${one.seq} (${one.data.decision})`);
  return stopped(verb, env, {
    code: "missing",
    what: `there is no decision about ${what} in ${env}`,
    next: known.length === 0 ? "Nothing was decided yet." : `The newest decisions: ${known.join(", ")}.`,
  });
}

// A decision is carried out: with it, in one durable moment, go its facts, its messages and the plan.
import type { Decision } from "../core/decide/decide.ts";
import { paymentDraft } from "../core/decide/draft.ts";
import { choicesFor } from "../core/decide/schema.ts";
import type { NewEvent } from "../core/event.ts";
import type { JsonObject } from "../core/json.ts";
import type { Release } from "../core/release.ts";
import type { Problem } from "../core/result.ts";
import type { RunState } from "../core/run.ts";
import { envState } from "../core/state.ts";
import type { Message } from "../ports/journal.ts";
import type { App, Site } from "./app.ts";
import { policyOf } from "./decide-on.ts";
import { keepEvidence } from "./evidence.ts";
import { flagSwitch } from "./flag-switch.ts";
import { findWayBack, quarantine, takeWayBack } from "./go-back.ts";
import { startWatch } from "./watch-start.ts";

export type Grounds = {
  readonly decision: Decision;
  /** Facts of the same moment, such as the end of the watch. */
  readonly facts: readonly NewEvent[];
  /** The release that is to be left; null: nothing serves. */
  readonly bad: Release | null;
  readonly by: string;
  /** What messages are named by: the watch, or what was reported. */
  readonly key: string;
};

export type Acted = {
  /** The way back, where one was run. */
  readonly run: RunState | null;
  /** Why the way back that was decided could not be taken. */
  readonly problem: Problem | null;
};

const nothing: Acted = { run: null, problem: null };

export async function actOn(app: App, site: Site, grounds: Grounds): Promise<Acted> {
  const { decision, by } = grounds;
  // Before anything is stopped or goes away.
  if (decision.also?.includes("keep-evidence")) await keepEvidence(app, site, decision.why);
  const facts = [...factsOf(app, site, decision, by), ...grounds.facts];
  if (decision.decision === "flag-off" && decision.way) return flagOff(app, site, grounds, facts);
  if (decision.decision !== "roll-back" && decision.decision !== "restore") {
    app.deps.ledger.record(facts, [message(app, site, grounds, headline(decision))]);
    return nothing;
  }
  return goBack(app, site, grounds, facts);
}

/** The decision itself and what the rule wants besides: the same in a journal whether or not anything is switched. */
export function factsOf(app: App, site: Site, decision: Decision, by: string): readonly NewEvent[] {
  const { env } = decision;
  const also = decision.also ?? [];
  const freezes = decision.decision === "freeze" || also.includes("freeze");
  const looks = decision.decision === "investigate" || also.includes("investigate");
  return [
    { type: "decision.made", data: decision },
    ...(freezes ? [frozen(env, by, decision)] : []),
    ...(looks ? [investigation(app, decision)] : []),
    ...(also.includes("draft") ? [drafted(app, site, decision)] : []),
  ];
}

function frozen(env: string, by: string, { report, why }: Decision): NewEvent {
  return { type: "deploys.frozen", data: { env, by, why: report?.what ?? why } };
}

function investigation(app: App, decision: Decision): NewEvent {
  const { env, watch, why, finding, facts = [], severity = null, cause = null, changes = [] } = decision;
  const evidence = { finding, facts, severity, cause, changes } as unknown as JsonObject;
  const said = decision.report;
  const stream = said ? (said.stream ?? said.kind) : (finding?.stream ?? "report");
  const id = app.ids.fresh("investigation");
  return { type: "investigation.opened", data: { env, investigation: id, watch, stream, why, evidence } };
}

function draftOf(app: App, site: Site, decision: Decision) {
  const since = envState(app.deps.ledger.state(), decision.env).watch?.startedAt ?? null;
  const provider = policyOf(site).paymentProvider;
  return paymentDraft(decision, { app: site.settings.app, provider, now: app.deps.clock.now(), since });
}

function drafted(app: App, site: Site, decision: Decision): NewEvent {
  return { type: "message.drafted", data: { env: decision.env, ...draftOf(app, site, decision) } };
}

async function goBack(app: App, site: Site, grounds: Grounds, facts: readonly NewEvent[]): Promise<Acted> {
  const { decision, bad, by } = grounds;
  const withMigrations = decision.migrations?.fate === "undo";
  const withData = decision.decision === "restore";
  const wish = { version: null, withData, withMigrations, lossless: true, why: decision.why };
  const way = await findWayBack(app, site, wish);
  // Looking took a while: where another release went out meanwhile, this one is left already, and that one has a watch.
  const watched = envState(app.deps.ledger.state(), site.settings.env).watch?.watch ?? null;
  if (by === "watch" && watched !== decision.watch) return nothing;
  if (!way.ok && bad && withMigrations) {
    // Nothing was done: it is no act that limits would count.
    staysBad(app, site, grounds, {
      trouble: way.error,
      facts: facts.filter((one) => one.type !== "decision.made"),
    });
    return { run: null, problem: way.error };
  }
  if (!way.ok || !bad) {
    app.deps.ledger.record(facts, [message(app, site, grounds, "needs a person")]);
    return { run: null, problem: way.ok ? null : way.error };
  }
  const { version } = way.value.target;
  const run = await takeWayBack(app, site, wish, way.value, {
    by,
    goingBack: true,
    with: [...facts, quarantine(site.settings.env, bad, decision.why)],
    messages: [message(app, site, grounds, `rolls back to ${version}`)],
  });
  if (!run.ok) {
    // A watch is followed again, and decides again; what somebody said is said once.
    if (decision.report) app.deps.ledger.record(facts, [message(app, site, grounds, "needs a person")]);
    return { run: null, problem: run.error };
  }
  if (run.value.outcome === "done")
    await startWatch(app, site, { release: way.value.target, previous: bad.id, after: "rollback" });
  else if (run.value.outcome === "undone")
    staysBad(app, site, grounds, { trouble: run.value.why, facts: [] });
  return { run: run.value, problem: null };
}

type Left = { readonly trouble: Problem | null; readonly facts: readonly NewEvent[] };

/** What could not be done is a question now: `explain` has it as the newest decision. */
function staysBad(app: App, site: Site, grounds: Grounds, { trouble, facts }: Left): void {
  // Whoever called it off knows.
  if (trouble?.code === "cancelled") return;
  const why = `It could not be left: ${trouble?.what ?? "the way back did not end"}. ${grounds.decision.why}`;
  const decision = { ...grounds.decision, decision: "ask" as const, rule: "way-back-failed", why };
  const again = { ...grounds, decision };
  app.deps.ledger.record(
    [{ type: "decision.made", data: decision }, ...facts],
    [message(app, site, again, "could not be left, and needs a person")],
  );
}

/** The release had its errors from the switch: it is watched anew. */
async function flagOff(app: App, site: Site, grounds: Grounds, facts: readonly NewEvent[]): Promise<Acted> {
  const { decision, bad, by } = grounds;
  const { env } = site.settings;
  const flag = decision.way?.to ?? "";
  const former = envState(app.deps.ledger.state(), env).watch;
  app.deps.ledger.record(facts, [message(app, site, grounds, `switches ${flag} off`)]);
  const input = { env, flag, to: "off" as const, by, why: decision.why, incident: null };
  await flagSwitch(app, { ...input, forMs: null, forceLive: false });
  if (former && bad)
    await startWatch(app, site, { release: bad, previous: former.previous, after: former.after });
  return nothing;
}

function headline({ decision, way }: Decision): string {
  if (decision === "investigate") return "is to be looked into";
  if (decision === "freeze") return "freezes deploys";
  return way ? `needs a person: ${way.remedy} to ${way.to}?` : "needs a person";
}

export function message(app: App, site: Site, grounds: Omit<Grounds, "facts">, what: string): Message {
  const { decision, bad, key } = grounds;
  const { app: name, env } = site.settings;
  const draft = decision.also?.includes("draft") ? draftOf(app, site, decision) : null;
  const ready = draft ? [`\nFor ${draft.to}, ready to send:\n${draft.subject}\n\n${draft.text}`] : [];
  const choices = decision.decision === "ask" ? [choicesFor(decision) ?? []].flat() : [];
  return {
    key: `${key}-${what.replaceAll(" ", "-")}`,
    to: env,
    subject: `${name} ${env}: ${bad?.id ?? "nothing"} ${what}`,
    text: [decision.why, ...choices, ...ready].join("\n"),
  };
}

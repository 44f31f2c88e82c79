// lastgood report: a person, or another system, says what is wrong; the policy decides, and what it lets us do is done.
import type { Decision } from "../core/decide/decide.ts";
import { choicesFor } from "../core/decide/schema.ts";
import type { Report } from "../core/decide/severity.ts";
import type { JsonObject } from "../core/json.ts";
import { envState } from "../core/state.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import { runData } from "../core/view/run-data.ts";
import { type Acted, actOn } from "./act-on.ts";
import { type App, site } from "./app.ts";
import { decideOnReport } from "./decide-on.ts";
import { judgeSchema } from "./schema-fate.ts";
import { superseded } from "./watch-start.ts";

export type ReportInput = Report & {
  readonly env: string;
  /** Decide, and change nothing. */
  readonly planOnly: boolean;
};

const verb = "report";

export async function report(app: App, { env, planOnly, ...said }: ReportInput): Promise<Outcome> {
  const found = site(app, env);
  if (!found.ok) return stopped(verb, env, found.error);
  const state = envState(app.deps.ledger.state(), env);
  const bad = state.serving === null ? null : (state.releases[state.serving]?.release ?? null);
  const decision = await judgeSchema(app, found.value, bad, decideOnReport(app, found.value, said));
  if (planOnly) return outcomeOf(decision, null);
  const leaves = decision.decision === "roll-back" || decision.decision === "restore";
  const acted = await actOn(app, found.value, {
    decision,
    facts: leaves ? superseded(app, env) : [],
    bad,
    by: said.by,
    key: app.ids.fresh("report"),
  });
  return outcomeOf(decision, acted);
}

function outcomeOf(decision: Decision, acted: Acted | null): Outcome {
  const { env, rule, why, way } = decision;
  const run = acted?.run ?? null;
  const data = { decision: decision as unknown as JsonObject, run: run ? runData(run) : null };
  const base = { verb, env, problem: acted?.problem ?? null, data };
  const what = `${env}: ${decision.decision} (rule ${rule}). ${why}`;
  if (acted === null)
    return {
      ...base,
      outcome: "planned",
      what,
      means: "Nothing was changed.",
      next: "Without --plan it is done.",
    };
  const done = run?.outcome === "done" || (decision.decision === "flag-off" && !acted.problem);
  if (done) {
    const means = `${way?.to ?? "Last good"}: ${decision.decision} is done.`;
    return { ...base, outcome: "done", what, means, next: "lastgood status; lastgood explain says why." };
  }
  if (decision.decision === "hold")
    return {
      ...base,
      outcome: "done",
      what,
      means: "It is written down.",
      next: "lastgood explain says why.",
    };
  return { ...base, outcome: "waits", what, means: "A person has to go on.", next: nextFor(decision, acted) };
}

function nextFor(decision: Decision, { problem }: Acted): string {
  const { way } = decision;
  if (problem) return problem.next;
  const choices = choicesFor(decision);
  if (choices !== null) return choices;
  if (way?.remedy === "restore")
    return "lastgood rollback --with-data does it; lastgood explain says why not by itself.";
  if (way?.remedy === "flag-off") return `lastgood flag off ${way.to} does it.`;
  if (way?.remedy === "roll-back")
    return "lastgood rollback does it; lastgood explain says why not by itself.";
  return "lastgood explain shows the evidence.";
}

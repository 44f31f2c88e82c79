// lastgood restart: a part anew. A service of the release goes the safe way; what holds data asks first.
import type { NewEvent } from "../core/event.ts";
import { asksBeforeRestart, type Part } from "../core/parts/part.ts";
import { ok, problem, type Result } from "../core/result.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import type { Op } from "../ports/op.ts";
import type { Parts } from "../ports/parts.ts";
import { type App, looseOp, type Site, site } from "./app.ts";
import { openRun } from "./open-run.ts";
import { renewService } from "./renew.ts";

export type RestartInput = {
  readonly env: string;
  readonly part: string;
  /** A person said yes to it. */
  readonly approved: boolean;
  readonly by: string;
};

const verb = "restart";

export async function restart(app: App, { env, part: name, approved, by }: RestartInput): Promise<Outcome> {
  const found = site(app, env);
  if (!found.ok) return stopped(verb, env, found.error);
  const { parts } = app.care(env);
  const part = await find(parts, name);
  if (!part.ok) return stopped(verb, env, part.error);
  if (asksBeforeRestart(part.value.kind) && !approved) return asks(env, part.value);
  const run = openRun(app, env);
  if (run) {
    const what = `${run.plan.kind} of ${run.plan.target} holds ${env}`;
    return stopped(verb, env, { code: "busy", what, next: "Wait for it, or see lastgood lock show." });
  }
  const began = app.deps.clock.elapsed();
  const op = looseOp(app, "restart");
  app.deps.ledger.record([{ type: "part.restart-begun", data: { env, part: name, op: op.id, by } }]);
  const done = await act(app, found.value, part.value, op);
  const ms = Math.round(app.deps.clock.elapsed() - began);
  app.deps.ledger.record([ended(env, name, op, done, ms)]);
  if (!done.ok) return { ...stopped(verb, env, done.error), means: "It may be down. Look at once." };
  return {
    verb,
    env,
    outcome: "done",
    what: `${name} was restarted in ${ms} ms.`,
    means: done.value,
    next: `lastgood logs ${name}`,
    problem: null,
    data: { part: name, kind: part.value.kind, ms },
  };
}

async function find(parts: Parts, name: string): Promise<Result<Part>> {
  const listed = await parts.list();
  if (!listed.ok) return listed;
  const part = listed.value.find((one) => one.name === name);
  if (part) return ok(part);
  return problem(
    "missing",
    `there is no part "${name}"`,
    `There are: ${listed.value.map((one) => one.name).join(", ")}.`,
  );
}

function asks(env: string, part: Part): Outcome {
  const why: Readonly<Record<string, string>> = {
    stateful: "holds data: its connections are cut, and it may take a while to come back",
    edge: "is the switch in front: requests are refused for a moment",
    front: "stands in front: connections are cut for a moment",
  };
  return {
    verb,
    env,
    outcome: "waits",
    what: `${part.name} (${part.what}) ${why[part.kind] ?? ""}.`,
    means: "Nothing was changed.",
    next: "Say --yes to do it.",
    problem: null,
    data: { part: part.name, kind: part.kind, asks: true },
  };
}

/** What it means for production, or why it did not work. */
async function act(app: App, site: Site, part: Part, op: Op): Promise<Result<string>> {
  if (part.kind === "app" || part.kind === "worker") {
    const renewed = await renewService(app, site, part.name, op);
    if (renewed !== null) return renewed;
  }
  const done = await app.care(site.settings.env).parts.restart(op, part.name);
  return done.ok ? ok("It runs again.") : done;
}

function ended(env: string, part: string, op: Op, done: Result<string>, ms: number): NewEvent {
  const problem = done.ok ? null : { code: done.error.code, what: done.error.what, next: done.error.next };
  return { type: "part.restarted", data: { env, part, op: op.id, problem, ms } };
}

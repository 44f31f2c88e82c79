// lastgood freeze: nothing is deployed until a person lifts it. Rollbacks go on working.
import { guardFreeze } from "../core/guard/freeze.ts";
import { envState } from "../core/state.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import { type App, site } from "./app.ts";

export type FreezeInput = {
  readonly env: string;
  /** Why it is frozen; null: only look. */
  readonly why: string | null;
  /** Why it may go on. */
  readonly lift: string | null;
  readonly by: string;
};

const verb = "freeze";

export function freeze(app: App, { env, why, lift, by }: FreezeInput): Outcome {
  const found = site(app, env);
  if (!found.ok) return stopped(verb, env, found.error);
  if (lift !== null) return thaw(app, env, lift, by);
  const { frozen } = envState(app.deps.ledger.state(), env);
  if (why === null) return shown(app, env);
  if (frozen === null) app.deps.ledger.record([{ type: "deploys.frozen", data: { env, by, why } }]);
  return {
    ...shown(app, env),
    outcome: frozen ? "unchanged" : "done",
    what: frozen ? `Deploys to ${env} are frozen already, by ${frozen.by}.` : `Deploys to ${env} are frozen.`,
    means: "Nothing new goes out; lastgood rollback works all the same.",
  };
}

function thaw(app: App, env: string, why: string, by: string): Outcome {
  const { frozen } = envState(app.deps.ledger.state(), env);
  if (frozen) app.deps.ledger.record([{ type: "deploys.unfrozen", data: { env, by, why } }]);
  return {
    ...shown(app, env),
    outcome: frozen ? "done" : "unchanged",
    what: frozen ? `Deploys to ${env} may go out again.` : `Deploys to ${env} were not frozen.`,
    next: "lastgood deploy <version>",
  };
}

function shown(app: App, env: string): Outcome {
  const state = envState(app.deps.ledger.state(), env);
  const refusal = guardFreeze(state);
  return {
    verb,
    env,
    outcome: "done",
    what: refusal ? `In ${env} ${refusal.what}` : `Deploys to ${env} are not frozen.`,
    means: "",
    next: refusal?.next ?? 'lastgood freeze "why" freezes them.',
    problem: null,
    data: { frozen: state.frozen ? { ...state.frozen } : null },
  };
}

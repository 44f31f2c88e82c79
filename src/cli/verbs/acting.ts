// How verbs that act get a person's yes: the plan is shown, and the approval is bound to its hash.
import { exitCodes, type Outcome } from "../../core/view/outcome.ts";
import type { Connection, Progress } from "../connection.ts";
import { planText } from "../format/plan.ts";
import { showSteps } from "../format/steps.ts";
import { connected, type Shared, type Shown, show } from "../run.ts";

type Act = {
  readonly verb: string;
  readonly planOnly: boolean;
  readonly yes: boolean;
  call(
    connection: Connection,
    approved: boolean | string,
    planOnly: boolean,
    progress: Progress,
  ): Promise<Outcome>;
};

export async function acting(it: Shared, act: Act): Promise<Shown> {
  const outcome = await connected(it, act.verb, async (connection) => {
    if (act.planOnly || act.yes)
      return withProgress(it, (progress) => act.call(connection, act.yes, act.planOnly, progress));
    const first = await act.call(connection, false, false, silent);
    if (first.outcome !== "waits" || first.data["hash"] === undefined || !it.io.interactive) return first;
    it.io.err(`${planText(first.data, it.io)}\n`);
    const answer = await it.io.ask("Do it? [y/N] ");
    if (!/^y(es)?$/i.test(answer.trim())) return { ...first, what: "Not done: you did not say yes." };
    return withProgress(it, (progress) => act.call(connection, String(first.data["hash"]), false, progress));
  });
  const plan = outcome.data["plan"] === undefined || it.json ? "" : planText(outcome.data, it.io);
  show(it, outcome, plan);
  return { exit: exitCodes[outcome.outcome] };
}

const silent: Progress = { durations: () => undefined, event: () => undefined };

async function withProgress(it: Shared, call: (progress: Progress) => Promise<Outcome>): Promise<Outcome> {
  const steps = showSteps(it.io);
  try {
    return await call(steps);
  } finally {
    steps.stop();
  }
}

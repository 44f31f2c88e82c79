// Was the same decided on lately? Troubles that go on are told of again and again, and need one decision.
import type { Report } from "../core/decide/severity.ts";
import type { App } from "./app.ts";

/** What goes on and on is not decided on again for so long. */
const saidMs = 60 * 60_000;
const decisionsRead = 200;

/** From the journal: so it is for the controller that takes over. */
export function wasSaid({ deps }: App, env: string, said: Pick<Report, "by" | "subject">): boolean {
  const { journal } = deps.ledger;
  return journal.newest(["decision.made"], journal.head() + 1, decisionsRead).some((event) => {
    if (event.type !== "decision.made" || event.data.env !== env) return false;
    const { report: before } = event.data;
    const isSame = before?.by === said.by && before?.subject === said.subject;
    return isSame && deps.clock.now() - event.at < saidMs;
  });
}

/** Between a decision and the mark that it was made, a controller may have ended. */
export function wasHeard({ deps }: App, ref: string): boolean {
  const { journal } = deps.ledger;
  return journal
    .newest(["decision.made"], journal.head() + 1, decisionsRead)
    .some((event) => event.type === "decision.made" && event.data.report?.heard === ref);
}

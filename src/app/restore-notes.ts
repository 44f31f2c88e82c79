// What a person reads of a restore that is a part of going back: how long it takes, and how well its backup is proved.
import { restoreMs } from "../core/backups/proof.ts";
import { proofWords, takesWords } from "../core/backups/words.ts";
import type { Plan } from "../core/plan/plan.ts";
import { withDeadline } from "../engine/deadline.ts";
import type { App, Site } from "./app.ts";
import { backupState } from "./find-backup.ts";

/** Nobody waits for a note while production is broken. */
const noteMs = 500;

export async function restoreNotes(
  app: App,
  { world, settings }: Site,
  plan: Plan,
): Promise<readonly string[]> {
  const { clock } = app.deps;
  const { database } = world;
  const state = backupState(app, settings.env);
  const id = plan.steps.flatMap(({ kind, input }) =>
    kind === "database.restore" ? [(input as { backup: string }).backup] : [],
  )[0];
  if (!database || id === undefined) return [];
  const { result } = await withDeadline(clock, noteMs, "asking for the backup", () => database.backups());
  const backup = result.ok ? result.value.find((one) => one.id === id) : undefined;
  const proof = proofWords(state, id, clock.now());
  const takes =
    backup === undefined ? "" : ` Restoring it takes ${takesWords(restoreMs(state, backup.bytes))}.`;
  return [`${id}: ${proof}.${takes}`];
}

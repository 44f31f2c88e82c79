// What a dead controller left of trials: a release that runs aside, and the copy of the database that it was given.
import { type App, looseOp } from "./app.ts";

/** Only by whoever holds the journal, before anything is tried. What fails now is done by the next one. */
export async function sweepTrials(app: App): Promise<void> {
  for (const { world } of app.sites.values()) {
    await world.trials?.sweep(looseOp(app, "sweep"));
    await world.database?.sweep?.();
  }
}

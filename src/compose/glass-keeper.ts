// Keeps the break-glass scripts right: looks after each moment at which last good may have changed.
import type { App } from "../app/app.ts";
import { refreshBreakGlass } from "../app/break-glass.ts";
import type { EventType } from "../core/event.ts";

/** Not `release.quarantined`: that is the beginning of a rollback, whose end is early enough. */
const moments: readonly EventType[] = ["release.became-good", "release.lifted", "run.ended"];

export type GlassKeeper = {
  /** Resolves when everything that was begun is written. A script that could not be written is told by doctor. */
  idle(): Promise<void>;
  stop(): void;
};

export function keepGlass(app: App): GlassKeeper {
  let queue: Promise<unknown> = Promise.resolve();
  const look = () => {
    // One after the other, and only after the fold has seen the fact: listeners are called inside the append.
    queue = queue
      .then(async () => {
        for (const site of app.sites.values()) await refreshBreakGlass(app, site);
      })
      // A fault of ours in here must not end a controller that watches production; doctor tells of the old script.
      .catch(() => undefined);
  };
  const stop = app.deps.ledger.listen((event) => {
    if (moments.includes(event.type)) look();
  });
  return { idle: async () => void (await queue), stop };
}

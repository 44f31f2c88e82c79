// How far long acts are, of all environments, for whoever shows it.
import type { Progressed } from "../core/view/progress.ts";
import type { App } from "./app.ts";

/** No more often than people can read. */
const restMs = 100;

/** Returns how to stop listening. What comes too soon after another is left out, except the end of an act. */
export function listenToProgress(app: App, listener: (progressed: Progressed) => void): () => void {
  let told = Number.NEGATIVE_INFINITY;
  const sparingly = (progressed: Progressed) => {
    const now = app.deps.clock.elapsed();
    if (now - told < restMs && progressed.done !== progressed.total) return;
    told = now;
    listener(progressed);
  };
  const deaf = [...app.sites.values()].map((site) => site.backups?.listen(sparingly));
  return () => {
    for (const one of deaf) one?.();
  };
}

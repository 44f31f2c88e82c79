// The demo's controller: in this process, on a config file, telling what it does while it does it.
import type { App, Site } from "../app/app.ts";
import { deploy } from "../app/deploy.ts";
import { followWatch } from "../app/watch.ts";
import { announce, deliver } from "../compose/controller.ts";
import { readConfig } from "../compose/load.ts";
import { openApp } from "../compose/open.ts";
import type { Event } from "../core/event.ts";
import { assert, ok, type Result } from "../core/result.ts";
import type { State } from "../core/state.ts";
import type { Outcome } from "../core/view/outcome.ts";
import { sentence } from "../core/view/timeline.ts";

export type Controller = {
  readonly app: App;
  readonly site: Site;
  deploy(version: string, wait: boolean): Promise<Outcome>;
  /** Until the watch that is open has ended well. */
  untilWatched(atMostMs: number): Promise<void>;
  events(): readonly Event[];
  state(): State;
  /** `last`: what is to be done while effects are still possible. */
  close(last: () => Promise<void>): Promise<void>;
};

/** The only environment of a demo's config. */
const env = "production";

/** What is told while it happens; the whole timeline comes at the end. */
const worthTelling: readonly string[] = [
  "run.planned",
  "watch.found",
  "decision.made",
  "release.became-good",
  "run.ended",
];

export async function openController(file: string, say: (line: string) => void): Promise<Result<Controller>> {
  const config = await readConfig(file);
  if (!config.ok) return config;
  const opened = await openApp(config.value, "demo");
  if (!opened.ok) return opened;
  const { app, stop, close } = opened.value;
  const withdraw = await announce(opened.value);
  const site = app.sites.get(env);
  assert(site, "the demo's config has its environment");
  const hush = app.deps.ledger.listen((event) => {
    const text = worthTelling.includes(event.type) ? sentence(event, app.deps.ledger.state().runs) : null;
    if (text) say(`   ${new Date(event.at).toISOString().slice(11, 23)}  ${text}`);
  });
  return ok({
    app,
    site,
    deploy: (version, wait) =>
      deploy(app, { env, version, planOnly: false, approved: true, wait, lift: null, by: "you" }),
    async untilWatched(atMostMs) {
      const late = app.deps.clock.sleep(atMostMs, app.stopping);
      await Promise.race([followWatch(app, site), late]);
    },
    events: () => app.deps.ledger.journal.read(0, 10_000),
    state: () => app.deps.ledger.state(),
    async close(last) {
      hush();
      await deliver(opened.value);
      stop();
      await Promise.allSettled([...app.watching.following.values()].map((one) => one.end));
      await opened.value.glass.idle();
      await last();
      await withdraw();
      close();
    },
  });
}

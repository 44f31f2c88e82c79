// What sources tell beside a release's requests, in a watch or out of one: each trouble is decided on once, as if a person
// had said it.
import { reportOf } from "../core/decide/told.ts";
import type { Json } from "../core/json.ts";
import type { SignalEvent } from "../core/signals/event.ts";
import { envState } from "../core/state.ts";
import type { Batch, Signals } from "../ports/signals.ts";
import type { App, Site } from "./app.ts";
import { report } from "./report.ts";
import { wasSaid } from "./was-said.ts";

const pauseMs = 1_000;
const listenedTo: readonly Signals["about"][] = ["metrics", "events", "dependency"];

type Ear = { readonly source: Signals; at: Json; blind: string | null };

/** Runs until the controller stops. What was sent while no controller ran is in the journal, and not decided on. */
export async function listen(app: App, site: Site): Promise<void> {
  const { env } = site.settings;
  let ears: readonly Ear[] = [];
  while (!app.stopping.aborted) {
    if (ears.length === 0) ears = await earsOf(app, site);
    for (const ear of ears) {
      for (const event of await hear(ear)) await judge(app, env, event, ear.source.name);
    }
    const sources = ears.map(({ source, blind }) => ({ source: source.name, blind }));
    app.watching.sources.set(env, sources);
    await app.deps.clock.sleep(pauseMs, app.stopping);
  }
}

/** None before the first release: nothing runs yet that anything could be told of. */
async function earsOf(app: App, site: Site): Promise<readonly Ear[]> {
  const { serving, releases } = envState(app.deps.ledger.state(), site.settings.env);
  const release = serving === null ? undefined : releases[serving]?.release;
  if (!release) return [];
  const ears: Ear[] = [];
  for (const source of site.signals(release).filter(({ about }) => listenedTo.includes(about))) {
    const position = await source.position();
    if (position.ok) ears.push({ source, at: position.value, blind: null });
  }
  return ears;
}

/** CHANGES `ear`. */
async function hear(ear: Ear): Promise<NonNullable<Batch["events"]>> {
  const batch = await ear.source.observe(ear.at);
  ear.blind = batch.ok ? batch.value.blind : batch.error.what;
  if (!batch.ok) return [];
  ear.at = batch.value.next;
  return (batch.value.events ?? []).filter(({ over }) => !over);
}

async function judge(app: App, env: string, event: SignalEvent, source: string): Promise<void> {
  const isWatched = envState(app.deps.ledger.state(), env).watch !== null;
  const said = reportOf(event, source, isWatched);
  if (said === null) return;
  // A person may say the same twice, and means it.
  if (event.kind !== "report" && wasSaid(app, env, said)) return;
  await report(app, { env, planOnly: false, ...said });
}

// What sources tell beside a release's requests, in a watch or out of one: each trouble is decided on once, as if a person
// had said it.

import { z } from "zod";
import { reportOf } from "../core/decide/told.ts";
import type { Json } from "../core/json.ts";
import { ok } from "../core/result.ts";
import { envState } from "../core/state.ts";
import type { Batch, Signals, ToldEvent } from "../ports/signals.ts";
import type { App, Site } from "./app.ts";
import { report } from "./report.ts";
import { wasHeard, wasSaid } from "./was-said.ts";

const pauseMs = 1_000;
const listenedTo: readonly Signals["about"][] = ["metrics", "events", "dependency"];

const place = z.object({ seq: z.number() });

type Ear = { readonly source: Signals; at: Json; blind: string | null };

/**
 * Runs until the controller stops. What was sent is in the journal before it is answered: where a controller ended before
 * it had decided on it, the next one does.
 */
export async function listen(app: App, site: Site): Promise<void> {
  const { env } = site.settings;
  let ears: readonly Ear[] = [];
  while (!app.stopping.aborted) {
    if (ears.length === 0) ears = await earsOf(app, site);
    for (const ear of ears) {
      for (const event of await hear(ear)) await judge(app, env, event, ear.source.name);
      if (ear.source.journalled) markHeard(app, env, ear.at);
    }
    const sources = ears.map(({ source, blind }) => ({ source: source.name, blind }));
    app.watching.sources.set(env, sources);
    await app.deps.clock.sleep(pauseMs, app.stopping);
  }
}

/** None before the first release: nothing runs yet that anything could be told of. */
async function earsOf(app: App, site: Site): Promise<readonly Ear[]> {
  const { serving, releases, heard } = envState(app.deps.ledger.state(), site.settings.env);
  const release = serving === null ? undefined : releases[serving]?.release;
  if (!release) return [];
  const ears: Ear[] = [];
  for (const source of site.signals(release).filter(({ about }) => listenedTo.includes(about))) {
    const position = source.journalled && heard !== null ? ok({ seq: heard }) : await source.position();
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

/** CHANGES the journal: all up to here is decided on, or needs no decision. */
function markHeard(app: App, env: string, at: Json): void {
  const { ledger } = app.deps;
  const upTo = place.parse(at).seq;
  if (upTo <= (envState(ledger.state(), env).heard ?? 0)) return;
  ledger.record([{ type: "signals.heard", data: { env, upTo } }]);
}

async function judge(app: App, env: string, event: ToldEvent, source: string): Promise<void> {
  const isWatched = envState(app.deps.ledger.state(), env).watch !== null;
  const told = reportOf(event, source, isWatched);
  if (told === null || (event.kept && wasHeard(app, event.kept.ref))) return;
  const said = event.kept ? { ...told, heard: event.kept.ref, saidAt: event.kept.at } : told;
  // A person may say the same twice, and means it.
  if (event.kind !== "report" && wasSaid(app, env, said)) return;
  await report(app, { env, planOnly: false, ...said });
}

// Outside of watches: what serves is listened to as well, day after day; what is found is decided on, and mostly looked into.
import { attribute } from "../core/attribute/attribute.ts";
import { decide } from "../core/decide/decide.ts";
import type { Finding } from "../core/detect/finding.ts";
import { failedBefore, usualRound } from "../core/detect/usual.ts";
import { goingOn, nextRound } from "../core/detect/vigil.ts";
import type { EnvState, WatchState } from "../core/env-state.ts";
import type { Event } from "../core/event.ts";
import type { JsonObject } from "../core/json.ts";
import { envState } from "../core/state.ts";
import { failingSince } from "../engine/dependencies.ts";
import { observeWatch, type Watched } from "../engine/observe.ts";
import type { Signals } from "../ports/signals.ts";
import { actOn } from "./act-on.ts";
import type { App, Site } from "./app.ts";
import { recentChanges } from "./changes.ts";
import { around } from "./decide-on.ts";
import { judgeSchema } from "./schema-fate.ts";
import { looked, superseded } from "./watch-start.ts";

/** Nobody waits for it as for a deploy: the sources are looked at once a second. */
const pauseMs = 1_000;
/** Drawing what was proven costs more, and nobody waits for it. */
const pauseBadMs = 10_000;
/** Too little of its time is left, or too little chance of a false alarm: the next round does it. */
const leastForMs = 60_000;
const leastAlpha = 1e-6;
/** A change before this is not blamed only because there was none since. */
const blameReachS = 3_600;
/** Trouble that goes on is told of again after this. */
const againMs = 24 * 3_600_000;

type Round = { readonly watch: WatchState; readonly alpha: number; readonly sources: readonly Signals[] };

/** Runs until the controller stops. */
export async function keepVigil(app: App, site: Site): Promise<void> {
  while (!app.stopping.aborted && site.settings.watch.always !== false) {
    const round = await begin(app, site);
    if (round) await follow(app, site, round);
    await app.deps.clock.sleep(pauseMs, app.stopping);
  }
}

/** Null while a watch or a run is open, nothing serves, or nothing was counted that could tell what is usual. */
async function begin(app: App, site: Site): Promise<Round | null> {
  const { ledger, clock } = app.deps;
  const { env, watch } = site.settings;
  const before = envState(ledger.state(), env);
  const release = before.serving === null ? undefined : before.releases[before.serving]?.release;
  if (!release || isBusy(before) || (before.hours.length === 0 && before.baseline === null)) return null;
  const going = told(app, before, release.id);
  const { forMs, alpha } = nextRound(before.vigil, clock.now(), going.length > 0);
  if (forMs < leastForMs || alpha < leastAlpha) return null;
  const sources = site.signals(release).filter(isHeard);
  if (!sources.some(({ about }) => about === "requests")) return null;
  const from: JsonObject = {};
  for (const source of sources) {
    const position = await source.position();
    if (!position.ok) return null;
    from[source.name] = position.value;
  }
  // A run may have begun meanwhile.
  const now = envState(ledger.state(), env);
  if (isBusy(now) || now.serving !== release.id) return null;
  const { expects, threshold } = usualRound(before.hours, looked(site), clock.now(), forMs);
  const vigil = app.ids.fresh("vigil");
  const tolerated = Math.max(watch.tolerate, threshold);
  const data = {
    env,
    vigil,
    release: release.id,
    forMs,
    alpha,
    threshold: tolerated,
    expects,
    going: [...going],
  };
  const [began] = ledger.record([{ type: "vigil.began", data }]);
  const common = { env, release: release.id, previous: null, after: "deploy", finding: null } as const;
  const startedAt = began?.at ?? clock.now();
  const asWatch = { ...common, watch: vigil, forMs, from, threshold: tolerated, expects, startedAt };
  return { watch: asWatch, alpha, sources };
}

/** Streams whose trouble goes on: it was decided on, in the round before or in the watch that has just ended. */
function told(app: App, { vigil, lastWatch, lastDecision }: EnvState, release: string): readonly string[] {
  const now = app.deps.clock.now();
  if (lastDecision === null || now - lastDecision.at > againMs) return [];
  const isOfWatch = lastWatch?.release === release && lastWatch.watch === lastDecision.watch;
  const isFirst = vigil === null || vigil.startedAt < lastDecision.at;
  const stream = lastDecision.finding?.outcome === "bad" ? [lastDecision.finding.stream] : [];
  return [...goingOn(vigil, release, now), ...(isOfWatch && isFirst ? stream : [])];
}

function isBusy({ run, watch }: EnvState): boolean {
  return run !== null || watch !== null;
}

/** That processes die, and that nobody answers, is noticed by who starts them again. */
function isHeard({ about }: Signals): boolean {
  return about !== "probes" && about !== "state";
}

/** To its end, to a run or a watch, or to the first trouble that was not told of yet. */
async function follow(app: App, site: Site, { watch, alpha, sources }: Round): Promise<void> {
  const { ledger, clock } = app.deps;
  const { env } = site.settings;
  const stop = new AbortController();
  const deafen = ledger.listen((event) => {
    if (endsVigil(event, env)) stop.abort();
  });
  const going = envState(ledger.state(), env).vigil?.going ?? [];
  const watched = await observeWatch(clock, watch, sources, {
    signal: AbortSignal.any([stop.signal, app.stopping]),
    outside: { alpha, pauseMs: ({ finding }) => (finding.outcome === "bad" ? pauseBadMs : pauseMs) },
    enough(now) {
      app.watching.vigils.set(env, now.findings);
      return fresh(now, going) !== null || now.elapsedMs >= watch.forMs;
    },
  });
  deafen();
  app.watching.vigils.delete(env);
  const cut = stop.signal.aborted || app.stopping.aborted;
  const found = cut ? null : fresh(watched, going);
  if (found) await tell(app, site, watch, watched, found);
  const bad = [watched.finding, ...watched.findings].filter(isBroad).map(({ stream }) => stream);
  // What was told with it counts as told; what nobody could be told of any more does not.
  const known = [...new Set(bad)].filter((stream) => !cut || going.includes(stream));
  ledger.record([{ type: "vigil.ended", data: { env, vigil: watch.watch, bad: known } }]);
}

function endsVigil(event: Event, env: string): boolean {
  if (event.type === "watch.started") return event.data.env === env;
  return event.type === "run.planned" && event.data.plan.env === env;
}

/** One client's trouble is left to that client here: no chance of a false alarm is stated for it. */
function isBroad(finding: Finding): boolean {
  return finding.outcome === "bad" && finding.breadth !== "single-client";
}

/** The worst that was not told of; what the worst is called by (payments among errors) counts too. */
function fresh({ finding, findings }: Watched, going: readonly string[]): Finding | null {
  const isNew = (one: Finding) => isBroad(one) && !going.includes(one.stream);
  if (isBroad(finding) && isNew(finding)) return finding;
  return findings.find(isNew) ?? null;
}

async function tell(
  app: App,
  site: Site,
  watch: WatchState,
  watched: Watched,
  finding: Finding,
): Promise<void> {
  const { env } = site.settings;
  const state = envState(app.deps.ledger.state(), env);
  const attribution = attribute({
    since: watch.startedAt,
    findings: watched.findings,
    changes: recentChanges(app, env),
    failures: watched.failing,
    before: failedBefore(state.hours),
    clean: null,
    dependencies: failingSince(watched.dependencies),
    reachS: blameReachS,
  });
  const situation = around(app, site, watch.release, attribution);
  const outside = { watch: null, finding, report: null, after: null, outside: true };
  const bad = state.releases[watch.release]?.release ?? null;
  const decision = await judgeSchema(app, site, bad, decide({ ...situation, ...outside }));
  const leaves = decision.decision === "roll-back" || decision.decision === "restore";
  await actOn(app, site, {
    decision,
    facts: [
      { type: "vigil.found", data: { env, vigil: watch.watch, finding } },
      ...(leaves ? superseded(app, env) : []),
    ],
    bad,
    by: "vigil",
    key: `${watch.watch}-${finding.stream}`,
  });
}

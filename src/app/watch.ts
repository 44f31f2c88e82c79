// Follows what a deploy or a rollback led to; the verdict has consequences.
import type { Finding } from "../core/detect/finding.ts";
import type { WatchState } from "../core/env-state.ts";
import type { NewEvent } from "../core/event.ts";
import { assert } from "../core/result.ts";
import { envState } from "../core/state.ts";
import { observeWatch, type Watched } from "../engine/observe.ts";
import type { App, Following, Site, WatchEnd } from "./app.ts";
import { decideOn } from "./decide-on.ts";
import { flagIsSuspect } from "./flag-guard.ts";
import { becameGood, cameBack, sawBad } from "./watch-consequences.ts";

/** Follow the environment's watch to its end; a second call joins the first. */
export async function followWatch(app: App, site: Site): Promise<WatchEnd> {
  const { env } = site.settings;
  const running = app.watching.following.get(env);
  if (running && running.watch === envState(app.deps.ledger.state(), env).watch?.watch) return running.end;
  // The watch before this one has been ended; its follower is about to notice.
  if (running) await running.end;
  const following: Following = { watch: "", end: Promise.resolve().then(() => follow(app, site, following)) };
  app.watching.following.set(env, following);
  return following.end.finally(() => {
    if (app.watching.following.get(env) !== following) return;
    app.watching.following.delete(env);
    app.watching.live.delete(env);
  });
}

async function follow(app: App, site: Site, following: Following): Promise<WatchEnd> {
  const { env } = site.settings;
  const watch = envState(app.deps.ledger.state(), env).watch;
  assert(watch, `no watch is open in ${env}`);
  following.watch = watch.watch;
  const { finding, elapsedMs } = await observe(app, site, watch);
  const now = envState(app.deps.ledger.state(), env).watch;
  if (now?.watch !== watch.watch) return { outcome: "superseded", finding, rollback: null, helped: null };
  if (app.stopping.aborted) return { outcome: "stopped", finding, rollback: null, helped: null };
  if (watch.after !== "deploy") return cameBack(app, site, watch, finding);
  if (finding.outcome === "bad") {
    return afterBad(app, site, following, await sawBad(app, site, watch, finding));
  }
  if (finding.outcome === "verified" && elapsedMs >= watch.forMs)
    return becameGood(app, site, watch, finding);
  return timeIsOver(app, watch, finding);
}

/** Not proven, and the config says not to wait for more: it serves on, but is nothing to go back to. */
function timeIsOver(app: App, { watch }: WatchState, finding: Finding): WatchEnd {
  const { requests, errors } = finding;
  app.deps.ledger.record([{ type: "watch.ended", data: { watch, outcome: "undecided", requests, errors } }]);
  return { outcome: "undecided", finding, rollback: null, helped: null };
}

/** Where a rollback was made, see whether it helped. */
async function afterBad(app: App, site: Site, following: Following, end: WatchEnd): Promise<WatchEnd> {
  const next = envState(app.deps.ledger.state(), site.settings.env).watch;
  if (end.rollback === null || next?.after !== "rollback") return end;
  const { helped } = await follow(app, site, following);
  return { ...end, helped };
}

async function observe(app: App, site: Site, watch: WatchState): Promise<Watched> {
  const { env } = site.settings;
  const stop = new AbortController();
  const silence = app.deps.ledger.listen((event) => {
    if (event.type === "watch.ended" && event.data.watch === watch.watch) stop.abort();
  });
  const signal = AbortSignal.any([stop.signal, app.stopping]);
  let told: Finding | null = watch.finding;
  const release = envState(app.deps.ledger.state(), env).releases[watch.release]?.release;
  assert(release, `${watch.release} is watched, but nobody knows it`);
  const watched = await observeWatch(app.deps.clock, watch, site.signals(release), {
    signal,
    enough(now) {
      app.watching.live.set(env, now.finding);
      if (changed(told, now.finding)) {
        told = now.finding;
        app.deps.ledger.record(newFinding(app, site, watch, now.finding));
      }
      // A switch that is younger than this release is looked at first: it is cheaper to take back.
      if (now.finding.outcome === "bad" && flagIsSuspect(app, watch, now.finding)) return false;
      return verdict(watch, now, site.settings.watch.waitForVerdict);
    },
  });
  silence();
  return watched;
}

/** A watch ends by trouble at once, and well only after its time. Undecided goes on being watched. */
function verdict(watch: WatchState, { finding, elapsedMs }: Watched, waitForVerdict: boolean): boolean {
  if (finding.outcome === "bad") return finding.breadth !== "single-client";
  const timeIsOver = elapsedMs >= watch.forMs;
  if (watch.after !== "deploy") return finding.outcome === "verified" || timeIsOver;
  return timeIsOver && (finding.outcome === "verified" || !waitForVerdict);
}

function changed(told: Finding | null, now: Finding): boolean {
  if (told?.outcome !== now.outcome) return true;
  return now.outcome === "bad" && told.outcome === "bad" && now.breadth !== told.breadth;
}

/** The finding as a fact; where only a person can go on, the decision to ask or to look belongs to it. */
function newFinding(app: App, site: Site, watch: WatchState, finding: Finding): NewEvent[] {
  const found: NewEvent = { type: "watch.found", data: { watch: watch.watch, finding } };
  const toPerson =
    finding.outcome === "blind" || (finding.outcome === "bad" && finding.breadth === "single-client");
  if (!toPerson) return [found];
  return [found, { type: "decision.made", data: decideOn(app, site, watch, finding) }];
}

// Follows what a deploy or a rollback led to; the verdict has consequences.
import type { Decision } from "../core/decide/decide.ts";
import type { Finding } from "../core/detect/finding.ts";
import type { WatchState } from "../core/env-state.ts";
import type { NewEvent } from "../core/event.ts";
import { assert } from "../core/result.ts";
import { envState } from "../core/state.ts";
import { observeWatch, type Watched } from "../engine/observe.ts";
import { factsOf, message } from "./act-on.ts";
import type { App, Following, Site, WatchEnd } from "./app.ts";
import { attributionOf } from "./attribution.ts";
import { decideOn } from "./decide-on.ts";
import { flagIsSuspect } from "./flag-guard.ts";
import { becameGood, cameBack, type Seen, sawBad } from "./watch-consequences.ts";
import { seenOf } from "./watch-start.ts";
import { tallied } from "./watch-tally.ts";

/** Of one watch there are a few. */
const decisionsRead = 50;

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
    app.watching.seen.delete(env);
    app.watching.streams.delete(env);
  });
}

async function follow(app: App, site: Site, following: Following): Promise<WatchEnd> {
  const { env } = site.settings;
  const watch = envState(app.deps.ledger.state(), env).watch;
  assert(watch, `no watch is open in ${env}`);
  following.watch = watch.watch;
  const { elapsedMs, ...seen } = await observe(app, site, watch);
  const { finding } = seen;
  const now = envState(app.deps.ledger.state(), env).watch;
  if (now?.watch !== watch.watch) return { outcome: "superseded", finding, rollback: null, helped: null };
  if (app.stopping.aborted) return { outcome: "stopped", finding, rollback: null, helped: null };
  if (watch.after !== "deploy") return cameBack(app, site, watch, seen);
  if (finding.outcome === "bad") {
    return afterBad(app, site, following, await sawBad(app, site, watch, seen));
  }
  if (finding.outcome === "verified" && elapsedMs >= watch.forMs)
    return becameGood(app, site, watch, finding);
  return timeIsOver(app, watch, finding);
}

/** Not proven, and the config says not to wait for more: it serves on, but is nothing to go back to. */
function timeIsOver(app: App, watch: WatchState, finding: Finding): WatchEnd {
  const { requests, errors } = finding;
  const data = { watch: watch.watch, outcome: "undecided" as const, requests, errors };
  app.deps.ledger.record([{ type: "watch.ended", data: { ...data, ...seenOf(app, watch) } }]);
  return { outcome: "undecided", finding, rollback: null, helped: null };
}

/** Where a rollback was made, see whether it helped. */
async function afterBad(app: App, site: Site, following: Following, end: WatchEnd): Promise<WatchEnd> {
  const next = envState(app.deps.ledger.state(), site.settings.env).watch;
  if (end.rollback === null || next?.after !== "rollback") return end;
  const { helped } = await follow(app, site, following);
  return { ...end, helped };
}

async function observe(app: App, site: Site, watch: WatchState): Promise<Seen & { elapsedMs: number }> {
  const { env } = site.settings;
  const stop = new AbortController();
  const silence = app.deps.ledger.listen((event) => {
    if (event.type === "watch.ended" && event.data.watch === watch.watch) stop.abort();
  });
  const signal = AbortSignal.any([stop.signal, app.stopping]);
  let told: Finding | null = watch.finding;
  let waits = watch.finding !== null && waitsForPerson(decideOn(app, site, watch, watch.finding));
  const release = envState(app.deps.ledger.state(), env).releases[watch.release]?.release;
  assert(release, `${watch.release} is watched, but nobody knows it`);
  let aside = false;
  const { sources, summary } = tallied(watch, site.signals(release));
  app.watching.seen.set(env, { watch: watch.watch, summary });
  const watched = await observeWatch(app.deps.clock, watch, sources, {
    signal,
    enough(now) {
      app.watching.live.set(env, now.finding);
      app.watching.streams.set(env, now.findings);
      if (changed(told, now.finding)) {
        told = now.finding;
        waits = tellFinding(app, site, watch, now);
      }
      if (!aside) aside = tellAside(app, site, watch, now);
      // A switch that is younger than this release is looked at first: it is cheaper to take back.
      if (now.finding.outcome === "bad" && flagIsSuspect(app, watch, now.finding)) return false;
      return verdict(watch, now, waits, site.settings.watch.waitForVerdict);
    },
  });
  silence();
  return {
    ...watched,
    attribution: attributionOf(app, watch, watched),
    decided: waits && watched.finding.outcome === "bad",
  };
}

/**
 * A watch ends by trouble at once, and well only after its time. Undecided goes on being watched; so does trouble that a
 * person is to look into, until its time is over: it may become worse.
 */
function verdict(
  watch: WatchState,
  { finding, elapsedMs }: Watched,
  waits: boolean,
  waitForVerdict: boolean,
): boolean {
  const timeIsOver = elapsedMs >= watch.forMs;
  if (finding.outcome === "bad") {
    if (finding.breadth === "single-client") return false;
    return watch.after !== "deploy" || !waits || timeIsOver;
  }
  if (watch.after !== "deploy") return finding.outcome === "verified" || timeIsOver;
  return timeIsOver && (finding.outcome === "verified" || !waitForVerdict);
}

function changed(told: Finding | null, now: Finding): boolean {
  if (told?.outcome !== now.outcome) return true;
  if (now.outcome !== "bad" || told.outcome !== "bad") return false;
  return now.breadth !== told.breadth || now.stream !== told.stream;
}

/** The finding as a fact; where only a person can go on, the decision to ask or to look belongs to it. */
function tellFinding(app: App, site: Site, watch: WatchState, now: Watched): boolean {
  const { finding } = now;
  const found: NewEvent = { type: "watch.found", data: { watch: watch.watch, finding } };
  const decision = decideOn(app, site, watch, finding, attributionOf(app, watch, now));
  const waits = waitsForPerson(decision);
  if (!waits && finding.outcome !== "blind") {
    app.deps.ledger.record([found]);
    return false;
  }
  const bad = envState(app.deps.ledger.state(), watch.env).releases[watch.release]?.release ?? null;
  const grounds = { decision, bad, by: "watch", key: `${watch.watch}-${finding.stream}` };
  const messages = waits ? [message(app, site, grounds, "is to be looked into")] : [];
  app.deps.ledger.record([found, ...factsOf(app, site, decision, "watch")], messages);
  return waits;
}

/** One client's trouble says nothing about the release, and somebody should look all the same: told once a watch. */
function tellAside(app: App, site: Site, watch: WatchState, now: Watched): boolean {
  const aside = now.findings.find(({ stream }) => stream === "client");
  if (!aside) return false;
  const decision = decideOn(app, site, watch, aside, attributionOf(app, watch, now));
  if (decision.decision !== "investigate" || wasTold(app, watch, aside)) return true;
  const bad = envState(app.deps.ledger.state(), watch.env).releases[watch.release]?.release ?? null;
  const grounds = { decision, bad, by: "watch", key: `${watch.watch}-${aside.stream}` };
  const told = message(app, site, grounds, "is to be looked into");
  app.deps.ledger.record(factsOf(app, site, decision, "watch"), [told]);
  return true;
}

/** From the journal: a controller that takes over must not say it again. */
function wasTold(app: App, { watch }: WatchState, { stream }: Finding): boolean {
  const { journal } = app.deps.ledger;
  return journal
    .newest(["decision.made"], journal.head() + 1, decisionsRead)
    .some(
      ({ type, data }) => type === "decision.made" && data.watch === watch && data.finding?.stream === stream,
    );
}

/** Nothing is to be switched: somebody looks, and the watch goes on. */
function waitsForPerson({ decision, finding }: Decision): boolean {
  return finding?.outcome === "bad" && decision === "investigate";
}

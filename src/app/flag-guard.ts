// A switch is watched like a deploy: when it hurts it goes back by itself, and no release is touched.

import type { Finding, Observation } from "../core/detect/finding.ts";
import { errorThreshold } from "../core/detect/threshold.ts";
import type { WatchState } from "../core/env-state.ts";
import type { EventOf, NewEvent } from "../core/event.ts";
import { decideGuard } from "../core/flags/guard.ts";
import type { Guard } from "../core/flags/state.ts";
import { ok } from "../core/result.ts";
import { envState } from "../core/state.ts";
import { observeWatch, type Watched } from "../engine/observe.ts";
import type { Message } from "../ports/journal.ts";
import type { Signals } from "../ports/signals.ts";
import type { App, Site } from "./app.ts";
import type { EnvFlags } from "./flag-desk.ts";
import { startWatch, watchPositions } from "./watch-start.ts";

/** Who switches back by itself; such a switch is not watched again. */
const itself = "watch";

type Flip = EventOf<"flag.switched"> | EventOf<"flag.lifted">;

/** Guard every switch from now on, and go on with those that a former controller left. Returns how to stop listening. */
export function guardFlips(app: App): () => void {
  const following = new Set<string>();
  const follow = (site: Site, env: EnvFlags, guard: Guard) => {
    if (following.has(guard.guard)) return;
    following.add(guard.guard);
    void followGuard(app, site, env, guard).finally(() => following.delete(guard.guard));
  };
  for (const env of app.flags.envs()) {
    const site = app.sites.get(env.name);
    if (site) for (const guard of Object.values(env.state().guards)) follow(site, env, guard);
  }
  return app.deps.ledger.listen((event) => {
    if (event.type !== "flag.switched" && event.type !== "flag.lifted") return;
    const env = app.flags.env(event.data.env);
    const site = app.sites.get(event.data.env);
    if (!env || !site || event.data.by === itself) return;
    // Not from inside the append that told of it.
    void Promise.resolve()
      .then(() => openGuard(app, site, env, event))
      .then((guard) => guard && follow(site, env, guard));
  });
}

/** Null where there is nothing to watch by: nothing serves, its signals are silent, or trouble was there before. */
async function openGuard(app: App, site: Site, env: EnvFlags, flip: Flip): Promise<Guard | null> {
  const { serving, releases, baseline } = envState(app.deps.ledger.state(), env.name);
  const release = serving === null ? undefined : releases[serving]?.release;
  if (!release || app.watching.live.get(env.name)?.outcome === "bad") return null;
  const from = await watchPositions(site, release);
  if (!from.ok || env.state().guards[flip.data.flag]?.at === flip.at) return null;
  const { watch } = site.settings;
  const data = {
    env: env.name,
    guard: app.ids.fresh("guard"),
    flag: flip.data.flag,
    variant: flip.type === "flag.switched" ? flip.data.variant : ruled(env, flip.data.flag),
    ...wayBack(env, flip),
    release: release.id,
    forMs: watch.forMs,
    from: from.value,
    threshold: Math.max(watch.tolerate, errorThreshold(baseline)),
  };
  app.deps.ledger.record([...superseded(env, flip.data.flag), { type: "flag.guarded", data }]);
  return env.state().guards[flip.data.flag] ?? null;
}

/** What a flag without a switch is: its one variant, or what its rules say, which is no one variant. */
function ruled(env: EnvFlags, name: string): string {
  const flag = env.flags().get(name);
  return flag?.targeting ? "its rules" : (flag?.defaultVariant ?? "its rules");
}

/** A lift goes back to the switch of before, and whoever still gets that variant by the rules is its control. */
function wayBack(env: EnvFlags, flip: Flip): Pick<Guard, "back" | "control"> {
  if (flip.type === "flag.switched") return { back: flip.data.from, control: null };
  const former = env.state().lifted[flip.data.flag] ?? null;
  return { back: former, control: former };
}

function superseded(env: EnvFlags, flag: string): readonly NewEvent[] {
  const open = env.state().guards[flag];
  return open ? [ended(open, "superseded", "it was switched again", null)] : [];
}

async function followGuard(app: App, site: Site, env: EnvFlags, guard: Guard): Promise<void> {
  const release = envState(app.deps.ledger.state(), env.name).releases[guard.release ?? ""]?.release;
  if (!release) return;
  const isOpen = () => env.state().guards[guard.flag]?.guard === guard.guard;
  const serves = () => envState(app.deps.ledger.state(), env.name).serving === guard.release;
  const sources = site.signals(release).map((source) => inArms(source, guard));
  const { finding } = await observeWatch(app.deps.clock, asWatch(env, guard), sources, {
    signal: app.stopping,
    enough: (now) => !isOpen() || !serves() || enough(guard, now),
  });
  if (app.stopping.aborted || !isOpen()) return;
  if (!serves()) app.deps.ledger.record([ended(guard, "superseded", "another release serves", null)]);
  else await conclude(app, site, env, guard, finding);
}

/** How much before a switch trouble may seem to begin and still be its doing: an onset is an estimate. */
const onsetSlackMs = 5_000;
/** For so long a switch is looked at before the release beneath it. */
const suspectMs = 5 * 60_000;

/** Trouble that did not begin before a switch, which is still being watched, may be the switch's doing. */
export function flagIsSuspect(app: App, watch: WatchState, finding: Finding): boolean {
  const { guards } = envState(app.deps.ledger.state(), watch.env).flags;
  const onsetS = finding.outcome === "bad" ? finding.onsetS : null;
  const onset = onsetS === null ? Number.POSITIVE_INFINITY : watch.startedAt + onsetS * 1_000;
  return Object.values(guards).some(
    ({ at, release }) =>
      release === watch.release &&
      at > watch.startedAt &&
      at <= onset + onsetSlackMs &&
      app.deps.clock.now() - at < suspectMs,
  );
}

/** Trouble ends it at once; being well takes its whole time. */
function enough({ forMs }: Guard, { finding, elapsedMs }: Watched): boolean {
  if (finding.outcome === "bad") return finding.breadth !== "single-client";
  return elapsedMs >= forMs;
}

async function conclude(app: App, site: Site, env: EnvFlags, guard: Guard, finding: Finding): Promise<void> {
  const { ledger, clock } = app.deps;
  const situation = { guard, finding, flag: env.flags().get(guard.flag), policy: env.undo };
  const decision = decideGuard({ ...situation, undoneAt: env.state().undoneAt, now: clock.now() });
  const outcome =
    finding.outcome === "bad" ? "bad" : finding.outcome === "verified" ? "verified" : "undecided";
  if (decision.act === "none") {
    ledger.record([ended(guard, outcome, decision.why, null)]);
    return;
  }
  const incident = app.ids.fresh("incident");
  const undone = decision.act === "undo";
  const made: NewEvent = {
    type: "decision.made",
    data: {
      env: env.name,
      watch: null,
      decision: undone ? "flag-off" : "ask",
      rule: `flag-${decision.rule}`,
      why: `The switch of ${guard.flag} to ${guard.variant} hurts: ${decision.why}`,
      alternatives: [{ decision: "roll-back", whyNot: "The release was well before the switch." }],
      finding,
    },
  };
  const { flag } = guard;
  const facts = [
    made,
    ended(guard, "bad", decision.why, incident, undone),
    ...(undone ? back(guard, incident) : []),
  ];
  const subject = undone
    ? `${flag} was switched back by itself`
    : `the switch of ${flag} hurts, a person is needed`;
  const message: Message = {
    key: `${guard.guard}-${decision.act}`,
    to: env.name,
    subject: `${env.name}: ${subject}`,
    text: `${incident}: ${made.data.why}`,
  };
  ledger.record(facts, [message]);
  if (undone) await watchAnew(app, site);
}

/** The release that was being watched had its errors from the switch: they do not count against it. */
async function watchAnew(app: App, site: Site): Promise<void> {
  const { watch, releases } = envState(app.deps.ledger.state(), site.settings.env);
  const release = watch ? releases[watch.release]?.release : undefined;
  if (watch && release)
    await startWatch(app, site, { release, previous: watch.previous, after: watch.after });
}

/** To what it was: the switch of before, or the rules. */
function back({ env, flag, back: variant, guard }: Guard, incident: string): readonly NewEvent[] {
  const why = `it hurt: ${guard}, ${incident}`;
  if (variant === null) return [{ type: "flag.lifted", data: { env, flag, by: itself, why, op: null } }];
  const data = { env, flag, variant, by: itself, why, incident, until: null, from: null, op: null };
  return [{ type: "flag.switched", data }];
}

function ended(
  { env, guard, flag }: Guard,
  outcome: EventOf<"flag.guard-ended">["data"]["outcome"],
  why: string,
  incident: string | null,
  undone = false,
): NewEvent {
  return { type: "flag.guard-ended", data: { env, guard, flag, outcome, why, undone, incident } };
}

/**
 * Where the app says which variant a request got, those with the variant of before are the release before a deploy:
 * trouble that both have is not the switch's doing. Requests of which nothing is said count as touched by it.
 */
function inArms(source: Signals, { flag, control, release }: Guard): Signals {
  if (!control) return source;
  const armOf = (seen: Observation): Observation =>
    seen.release === release && seen.arms?.[flag] === control ? { ...seen, release: controlArm } : seen;
  return {
    ...source,
    async observe(from) {
      const batch = await source.observe(from);
      return batch.ok ? ok({ ...batch.value, observations: batch.value.observations.map(armOf) }) : batch;
    },
  };
}

/** No release has this id. */
const controlArm = "(variant of before)";

/** The same machinery as for a release, pointed at a switch. */
function asWatch({ name }: EnvFlags, guard: Guard): WatchState {
  const { release, forMs, from, threshold, at, control } = guard;
  return {
    watch: guard.guard,
    env: name,
    release: release ?? "",
    previous: control ? controlArm : null,
    after: "deploy",
    forMs,
    from,
    threshold,
    startedAt: at,
    finding: null,
  };
}

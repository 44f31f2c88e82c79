// A release started aside, on a copy of the database, with its smoke checks and flows: what a drill and a deploy ask.
import type { Tried } from "../core/flows/tried.ts";
import { smokeWanted } from "../core/plan/blocks.ts";
import type { Release } from "../core/release.ts";
import { err, ok, type Problem, type Result } from "../core/result.ts";
import type { CopyPlace } from "../ports/database.ts";
import type { Op } from "../ports/op.ts";
import type { StepContext } from "../ports/step.ts";
import type { Trials } from "../ports/trials.ts";
import { runFlows } from "../steps/flow-run.ts";
import { instanceHealth } from "../steps/instance-health.ts";
import { smokeRun } from "../steps/smoke-run.ts";
import { type App, looseOp, type Site } from "./app.ts";
import { type Guarded, guardCopy } from "./try-guard.ts";

type Flows = Tried["flows"][number][];
type Room = {
  readonly context: StepContext;
  readonly trials: Trials;
  readonly release: Release;
  readonly flows: Flows;
  readonly guarded: Guarded;
};

/** Never fails: what stood in the way is a result too. Nothing of it is left when it returns. */
export async function tryRelease(app: App, site: Site, release: Release, place: CopyPlace): Promise<Tried> {
  const { clock } = app.deps;
  const began = clock.elapsed();
  const flows: Flows = [];
  const ended = await attempt(app, site, { release, place, flows });
  const ms = Math.round(clock.elapsed() - began);
  if (ended.ok) return { release: release.id, works: "yes", why: null, flows, ms };
  const { works, why } = ended.error;
  return { release: release.id, works, why: [why.what, why.next].filter(Boolean).join(". "), flows, ms };
}

/** Nobody could even begin. */
export function notTried(release: string | null, why: string): Tried {
  return { release, works: "not-tried", why, flows: [], ms: 0 };
}

/** What can be said before there is a copy; null where it may be tried. */
export function noTrial(site: Site, release: Release): string | null {
  if (!site.world.trials) return "this runtime cannot start a release aside";
  if (!site.settings.trial) return "drill: releases: in lastgood.yml does not ask for it";
  return smokeWanted(asked(site), release).size === 0
    ? "neither smoke: nor flows: says how to tell whether it works"
    : null;
}

type Bad = { readonly works: "no" | "not-tried"; readonly why: Problem };
type Ended = Result<void, Bad>;
type Wish = { readonly release: Release; readonly place: CopyPlace; readonly flows: Flows };

async function attempt(app: App, site: Site, { release, place, flows }: Wish): Promise<Ended> {
  const { trials, runtime } = site.world;
  const hopeless = noTrial(site, release);
  if (!trials || hopeless !== null) return untried(hopeless ?? "");
  const there = await runtime.available(release);
  if (!there.ok) return untried(`${release.version} cannot be started any more: ${there.error.what}`);
  const opened = await place.open();
  if (!opened.ok) return untried(opened.error.what, opened.error.next);
  const op = looseOp(app, "try");
  const guarded = guardCopy({ clock: app.deps.clock, place, trials, mark: markOf(op) });
  const tried: Op = { ...op, signal: AbortSignal.any([op.signal, guarded.signal]) };
  try {
    const room = {
      context: contextOf(site, trials, { op: tried, place, release }),
      trials,
      release,
      flows,
      guarded,
    };
    return await judged(room, await tryServices(site, room));
  } finally {
    await guarded.end();
    // By an op that nobody calls off: what runs aside must end.
    await trials.sweep({ ...op, signal: new AbortController().signal });
  }
}

function untried(what: string, next = ""): Ended {
  return err({ works: "not-tried", why: { code: "failed", what, next } });
}

function asked({ settings }: Site) {
  return { smoke: settings.smoke, flows: settings.flows ?? [] };
}

const MARK_CHARACTERS = 40;

function markOf({ id }: Op): string {
  return `lastgood-${id.slice(-MARK_CHARACTERS)}`;
}

type Target = { readonly op: Op; readonly place: CopyPlace; readonly release: Release };

function contextOf({ world, settings }: Site, trials: Trials, { op, place, release }: Target): StepContext {
  const { variables, server, env } = settings.trial ?? { variables: [], server: null, env: {} };
  const { live, copy } = place;
  const aside = trials.aside({ live, copy, mark: markOf(op), variables, server, env });
  return {
    world: { ...world, runtime: { ...world.runtime, ...aside } },
    op,
    release: () => release,
    step: () => null,
    before: null,
  };
}

async function tryServices(site: Site, room: Room): Promise<Ended> {
  for (const [service, wanted] of smokeWanted(asked(site), room.release)) {
    const up = await startOne(room, service);
    if (!up.ok) return up;
    const { context, flows } = room;
    const input = { service, release: room.release.id, checks: wanted.checks };
    const checks = () => smokeRun.run(context, input);
    const done = wanted.checks.length === 0 ? ok(null) : await timed(room, "smoke", checks);
    if (!done.ok) return err({ works: "no", why: done.error });
    for (const flow of wanted.flows) {
      const ran = await timed(room, flow.name, () =>
        runFlows(context, { flows: [flow], instance: up.value }),
      );
      if (!ran.ok) continue; // the others may say where the trouble ends
    }
    const failed = flows.find((one) => one.problem !== null);
    if (failed) return err({ works: "no", why: { code: "unhealthy", what: failed.problem ?? "", next: "" } });
  }
  return ok(undefined);
}

/** Its address, once it is well. */
async function startOne({ context, release, guarded }: Room, service: string): Promise<Result<string, Bad>> {
  const { world, op } = context;
  const started = await world.runtime.start(op, service, release);
  if (!started.ok) return err({ works: "not-tried", why: started.error });
  guarded.follow(started.value);
  const spec = release.services[service]?.health;
  const health = { path: null, timeoutMs: 0, intervalMs: 0, ...spec };
  const well = await instanceHealth.run(context, { service, release: release.id, ...health });
  if (!well.ok) return err({ works: "no", why: well.error });
  const now = await world.runtime.instances(service, "live");
  if (!now.ok) return err({ works: "not-tried", why: now.error });
  const url = now.value.find(({ id }) => id === started.value.id)?.url ?? null;
  if (url !== null) return ok(url);
  return err({ works: "no", why: { code: "unhealthy", what: `${service} ended`, next: "" } });
}

async function timed(
  { context, flows }: Room,
  name: string,
  work: () => Promise<Result<unknown>>,
): Promise<Result<unknown>> {
  const began = context.world.clock.elapsed();
  const done = await work();
  const ms = Math.round(context.world.clock.elapsed() - began);
  flows.push({ name, problem: done.ok ? null : done.error.what, ms });
  return done;
}

/** What the flows said counts only where they were asked of the copy, and of nothing else. */
async function judged({ guarded }: Room, ended: Ended): Promise<Ended> {
  const seen = await guarded.end();
  if (!seen.ok) return err({ works: "not-tried", why: seen.error });
  const { live, copy, place } = seen.value;
  if (live > 0) {
    const what = `it connected to the live database ${place.live}, and was ended at once. What else names it: drill: variable: or drill: env: can turn it`;
    return err({ works: "no", why: { code: "refused", what, next: "" } });
  }
  if (copy > 0) return ended;
  const never = "it was never seen in the copy of the database, so nothing was learned of that";
  return untried(ended.ok ? never : `${never} (${ended.error.why.what})`);
}

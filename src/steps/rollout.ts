// service.rollout: the platform replaces a service's copies by those of a release. Compare and set, then wait for the end.
import { z } from "zod";
import type { Json } from "../core/json.ts";
import { limits } from "../core/limits.ts";
import { ok, problem, type Result } from "../core/result.ts";
import type { Rollout, RolloutState } from "../ports/rollout.ts";
import type { StepContext, StepKind, Verdict } from "../ports/step.ts";
import type { World } from "../ports/world.ts";
import { rolloutInput } from "./inputs.ts";

const before = z.strictObject({
  /** 0 where there was no such service. */
  generation: z.number(),
  /** What it ran, or was told to run; null where that was none of ours. */
  release: z.string().nullable(),
  /** It ran that, all of it: nothing is to be done where that is wanted already. */
  steady: z.boolean(),
});

const spareMs = 30_000;
/** A platform that got stuck (a node was lost) is told again; it knows the op, and takes no second order. */
const tellAgainMs = 5_000;

export const serviceRollout: StepKind = {
  kind: "service.rollout",
  class: "guarded",
  limitMs: (input) => rolloutInput.parse(input).timeoutMs + spareMs,
  async before({ world }, input) {
    const rollout = rolloutOf(world);
    if (!rollout.ok) return rollout;
    const now = await rollout.value.now(rolloutInput.parse(input).service);
    if (!now.ok)
      return now.error.code === "missing" ? ok({ generation: 0, release: null, steady: false }) : now;
    const { generation, release, state } = now.value;
    return ok({ generation, release, steady: state === "steady" });
  },
  async run(context, input) {
    const { service, release } = rolloutInput.parse(input);
    const seen = before.parse(context.before);
    const rollout = rolloutOf(context.world);
    if (!rollout.ok) return rollout;
    if (seen.release === release && seen.steady) return ok(null);
    const order = () => rollout.value.change(context.op, service, seen.generation, context.release(release));
    const ordered = await order();
    return ordered.ok ? settled(context, rollout.value, input, { order, former: seen.generation }) : ordered;
  },
  probe,
  repair: async () => ok(undefined),
};

/** Until all copies run it, the platform gave up, or the time is over. A look that fails says nothing of the service. */
async function settled(
  { world, op }: StepContext,
  rollout: Rollout,
  input: Json,
  { order, former }: { readonly order: () => Promise<Result<RolloutState>>; readonly former: number },
): Promise<Result<Json>> {
  const { service, release, timeoutMs } = rolloutInput.parse(input);
  const begun = world.clock.elapsed();
  let told = begun;
  for (;;) {
    const now = await rollout.now(service);
    if (now.ok && now.value.release !== release)
      return now.value.generation === former ? notTaken(service) : overtaken(service, now.value);
    if (now.ok && now.value.state === "steady") return ok(evidence(now.value));
    if (now.ok && now.value.state === "failed") return gaveUp(service, now.value);
    if (op.signal.aborted)
      return problem("cancelled", "waiting for the copies was cancelled", "Nothing to do.");
    if (world.clock.elapsed() - begun >= timeoutMs) {
      return now.ok ? tooSlow(service, now.value, timeoutMs) : now;
    }
    await world.clock.sleep(limits.healthIntervalDefaultMs, op.signal);
    if (world.clock.elapsed() - told < tellAgainMs) continue;
    told = world.clock.elapsed();
    // Whatever it says: the next look tells what there is.
    await order();
  }
}

async function probe({ world, op, before: was }: StepContext, input: Json): Promise<Verdict> {
  const { service, release } = rolloutInput.parse(input);
  const seen = before.parse(was);
  const now = await world.rollout?.now(service);
  if (!now) return { is: "unknown", what: "this environment has no platform that replaces in place" };
  if (!now.ok && now.error.code === "missing" && seen.generation === 0) return { is: "absent" };
  if (!now.ok) {
    const isGone = now.error.code === "missing";
    return isGone ? { is: "foreign", what: `${service} is gone` } : { is: "unknown", what: now.error.what };
  }
  const { value } = now;
  if (value.release === release && value.state === "steady")
    return { is: "applied", evidence: evidence(value) };
  if (value.generation === seen.generation) return { is: "absent" };
  if (value.op !== op.id) return { is: "foreign", what: foreign(service, value) };
  // Given up or still at it: asked again, the platform knows the op, takes no second order, and is waited for.
  return { is: "absent", what: value.what };
}

function evidence({ release, generation, running, wanted }: RolloutState): Json {
  return { release, generation, running, wanted };
}

function rolloutOf(world: World): Result<Rollout> {
  if (world.rollout) return ok(world.rollout);
  return problem(
    "config",
    "this environment has no platform that replaces services in place",
    "Use runtime: swarm in lastgood.yml, or deploy again so that a plan for this runtime is made.",
  );
}

function gaveUp(service: string, now: RolloutState): Result<never> {
  return problem(
    "unhealthy",
    `${service} did not come up: ${now.what}`,
    "Mend the release and deploy it again.",
  );
}

function tooSlow(service: string, now: RolloutState, timeoutMs: number): Result<never> {
  const next = "Look why copies don't start, or give it more time, then deploy again.";
  return problem("unhealthy", `${service} is not all new after ${timeoutMs / 1_000} s: ${now.what}`, next);
}

/** Worth another try: it said yes, and nothing came of it. */
function notTaken(service: string): Result<never> {
  return problem("failed", `the order for ${service} was taken, but had no effect`, "Say it again.");
}

function overtaken(service: string, now: RolloutState): Result<never> {
  return problem("conflict", foreign(service, now), "Find out who changes it, then say it again.");
}

function foreign(service: string, { op, release }: RolloutState): string {
  return `${service} was changed by somebody else (${op ?? "no op"}) to ${release ?? "something that is no release of ours"}`;
}

// Does one step as the engine does: look, act, and believe the probe only.
import { opId } from "../../../src/core/digest.ts";
import type { Json } from "../../../src/core/json.ts";
import type { Release } from "../../../src/core/release.ts";
import type { Problem } from "../../../src/core/result.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import type { Rollout } from "../../../src/ports/rollout.ts";
import type { StepContext, Verdict } from "../../../src/ports/step.ts";
import type { World } from "../../../src/ports/world.ts";
import { serviceRollout } from "../../../src/steps/rollout.ts";

export type Move = {
  readonly rollout: Rollout;
  readonly clock: Clock;
  readonly service: string;
  readonly release: Release;
  /** The same name is the same op. */
  readonly name: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
};

export type Moved = { readonly verdict: Verdict; readonly problem: Problem | null; readonly before: Json };

export async function move(wanted: Move): Promise<Moved> {
  const [context, input] = contextOf(wanted);
  const before = await serviceRollout.before(context, input);
  if (!before.ok) throw new Error(before.error.what);
  const now = { ...context, before: before.value };
  const ran = await serviceRollout.run(now, input);
  const verdict = await serviceRollout.probe(now, input);
  return { verdict, problem: ran.ok ? null : ran.error, before: before.value };
}

/** What a controller that comes after a crash sees first. */
export async function probe(wanted: Move, before: Json): Promise<Verdict> {
  const [context, input] = contextOf(wanted);
  return serviceRollout.probe({ ...context, before }, input);
}

function contextOf(wanted: Move): readonly [StepContext, Json] {
  const { rollout, clock, service, release, name, timeoutMs = 120_000 } = wanted;
  const context: StepContext = {
    // The step needs no more of the world than this.
    world: { rollout, clock } as World,
    op: { id: opId("test", "do", name), epoch: 1, signal: wanted.signal ?? new AbortController().signal },
    release: () => release,
    step: () => null,
    before: null,
  };
  return [context, { service, release: release.id, timeoutMs }];
}

// stack.adopt, stack.leave: what somebody else started comes behind our edges, or is given back.
import type { Json } from "../core/json.ts";
import { routedOf } from "../core/release.ts";
import { ok, problem, type Result } from "../core/result.ts";
import type { Adoption } from "../ports/adoption.ts";
import type { StepContext, StepKind, Verdict } from "../ports/step.ts";
import { releaseInput } from "./inputs.ts";

const limitMs = () => 10 * 60_000;

export const stackAdopt: StepKind = {
  kind: "stack.adopt",
  class: "convergent",
  limitMs,
  before: async () => ok(null),
  run: (context, input) => act(context, input, (adoption, release) => adoption.takeOver(context.op, release)),
  probe: (context, input) => look(context, input, (foreign) => foreign.length === 0),
  repair: async () => ok(undefined),
};

export const stackLeave: StepKind = {
  kind: "stack.leave",
  class: "convergent",
  limitMs,
  before: async () => ok(null),
  run: (context, input) => act(context, input, (adoption, release) => adoption.giveBack(context.op, release)),
  probe: (context, input) =>
    look(context, input, (foreign, routed) => routed.every((one) => foreign.includes(one))),
  repair: async () => ok(undefined),
};

type Release = ReturnType<StepContext["release"]>;

async function act(
  { world, release }: StepContext,
  input: Json,
  work: (adoption: Adoption, release: Release) => Promise<Result<Json>>,
): Promise<Result<Json>> {
  if (world.adoption) return work(world.adoption, release(releaseInput.parse(input).release));
  return problem("config", "this runtime takes nothing over", "Deploy again, so that a plan for it is made.");
}

/** Which services of the release are served by what others started: none once it is taken over, all once given back. */
async function look(
  { world, release }: StepContext,
  input: Json,
  isDone: (foreign: readonly string[], routed: readonly string[]) => boolean,
): Promise<Verdict> {
  const of = release(releaseInput.parse(input).release);
  const found = await world.adoption?.foreign(of);
  if (!found) return { is: "unknown", what: "this runtime takes nothing over" };
  if (!found.ok) return { is: "unknown", what: found.error.what };
  const services = [...(found.value?.services ?? [])];
  return isDone(services, routedOf(of)) ? { is: "applied", evidence: { services } } : { is: "absent" };
}

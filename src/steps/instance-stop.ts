// instance.stop: no live instance of the release is left. Never one that still receives requests.
import { ok, problem } from "../core/result.ts";
import type { StepKind } from "../ports/step.ts";
import { findInstances } from "./find-instance.ts";
import { stopInput } from "./inputs.ts";

const spareMs = 30_000;

export const instanceStop: StepKind = {
  kind: "instance.stop",
  class: "convergent",
  limitMs: (input) => stopInput.parse(input).graceMs + spareMs,
  before: async () => ok(null),
  async run({ world, op }, input) {
    const { service, release, graceMs } = stopInput.parse(input);
    const [found, route] = [await findInstances(world, service, release), await world.traffic.now()];
    if (!found.ok) return found;
    if (!route.ok) return route;
    for (const instance of found.value.live) {
      if (route.value.backend?.instance === instance.id && !route.value.held) {
        return problem(
          "refused",
          `${instance.id} still receives requests`,
          "Switch traffic away from it first.",
        );
      }
      const stopped = await world.runtime.stop(op, instance, graceMs);
      if (!stopped.ok) return stopped;
    }
    return ok(null);
  },
  async probe({ world }, input) {
    const { service, release } = stopInput.parse(input);
    const found = await findInstances(world, service, release);
    if (!found.ok) return { is: "unknown", what: found.error.what };
    return found.value.live.length === 0 ? { is: "applied", evidence: null } : { is: "absent" };
  },
  repair: async () => ok(undefined),
};

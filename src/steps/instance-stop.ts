// instance.stop: no instance of the release lives, or is started again by its platform. Never one that still receives requests.
import { ok, problem } from "../core/result.ts";
import type { StepKind } from "../ports/step.ts";
import { findInstances } from "./find-instance.ts";
import { stopInput } from "./inputs.ts";

const spareMs = 30_000;
/** What no edge stands in front of receives no requests. */
const nobody = ok({ backend: null, held: false });

export const instanceStop: StepKind = {
  kind: "instance.stop",
  class: "convergent",
  limitMs: (input) => stopInput.parse(input).graceMs + spareMs,
  before: async () => ok(null),
  async run({ world, op, release: known }, input) {
    const { service, release, graceMs } = stopInput.parse(input);
    const found = await findInstances(world, service, release);
    if (!found.ok) return found;
    const receiving = known(release).services[service]?.routed ? await world.traffic(service).now() : nobody;
    if (!receiving.ok) return receiving;
    const { backend, held } = receiving.value;
    for (const instance of [...found.value.live, ...found.value.restless]) {
      if (backend?.instance === instance.id && !held) {
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
    const { live, restless } = found.value;
    return live.length + restless.length === 0 ? { is: "applied", evidence: null } : { is: "absent" };
  },
  repair: async () => ok(undefined),
};

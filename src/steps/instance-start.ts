// instance.start: one live instance of the release, beside whatever else runs.
import { ok } from "../core/result.ts";
import type { StepKind } from "../ports/step.ts";
import { findInstances, lastWords } from "./find-instance.ts";
import { startInput } from "./inputs.ts";

export const instanceStart: StepKind = {
  kind: "instance.start",
  class: "convergent",
  limitMs: () => 60_000,
  before: async () => ok(null),
  async run({ world, op, release }, input) {
    const { service, release: id } = startInput.parse(input);
    const found = await findInstances(world, service, id);
    if (!found.ok) return found;
    if (found.value.live.length > 0) return ok(null);
    const started = await world.runtime.start(op, service, release(id));
    return started.ok ? ok({ instance: started.value.id }) : started;
  },
  async probe({ world, op }, input) {
    const { service, release: id } = startInput.parse(input);
    const found = await findInstances(world, service, id);
    if (!found.ok) return { is: "unknown", what: found.error.what };
    const [newest] = found.value.live;
    if (newest) return { is: "applied", evidence: { instance: newest.id, url: newest.url } };
    const died = found.value.dead.some((instance) => instance.op === op.id);
    return died ? { is: "absent", what: `it exited. ${lastWords(found.value)}` } : { is: "absent" };
  },
  repair: async () => ok(undefined),
};

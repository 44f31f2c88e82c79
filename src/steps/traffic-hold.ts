// traffic.hold: new requests wait, or go on again. Compare and set; the backend stays as it is.
import { z } from "zod";
import { ok } from "../core/result.ts";
import type { StepKind } from "../ports/step.ts";
import { holdInput } from "./inputs.ts";

const before = z.strictObject({ generation: z.number() });

export const trafficHold: StepKind = {
  kind: "traffic.hold",
  class: "guarded",
  limitMs: () => 10_000,
  async before({ world }, input) {
    const now = await world.traffic(holdInput.parse(input).service).now();
    return now.ok ? ok({ generation: now.value.generation }) : now;
  },
  async run({ world, op, before: seen }, input) {
    const { service, held } = holdInput.parse(input);
    const traffic = world.traffic(service);
    const now = await traffic.now();
    if (!now.ok) return now;
    if (now.value.held === held) return ok(null);
    const changed = await traffic.change(op, before.parse(seen).generation, {
      backend: now.value.backend,
      held,
    });
    return changed.ok ? ok(null) : changed;
  },
  async probe({ world, before: seen }, input) {
    const { service, held } = holdInput.parse(input);
    const now = await world.traffic(service).now();
    if (!now.ok) return { is: "unknown", what: now.error.what };
    if (now.value.held === held) return { is: "applied", evidence: { generation: now.value.generation } };
    if (now.value.generation === before.parse(seen).generation) return { is: "absent" };
    return { is: "foreign", what: `the route was changed by somebody else (${now.value.op ?? "no op"})` };
  },
  repair: async () => ok(undefined),
};

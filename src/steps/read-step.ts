// What all looking steps share: no effect, so nothing to intend, probe or repair.
import type { Json } from "../core/json.ts";
import { ok, type Result } from "../core/result.ts";
import type { StepContext, StepKind } from "../ports/step.ts";

type Look = {
  readonly kind: string;
  limitMs(input: Json): number;
  run(context: StepContext, input: Json): Promise<Result<Json>>;
};

export function readStep(look: Look): StepKind {
  return {
    ...look,
    class: "read",
    before: async () => ok(null),
    probe: async () => ({ is: "absent" }),
    repair: async () => ok(undefined),
  };
}

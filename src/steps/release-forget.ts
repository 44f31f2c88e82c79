// release.forget: drop the stored files of a release that is neither running nor kept.
import { ok } from "../core/result.ts";
import type { StepKind } from "../ports/step.ts";
import { releaseInput } from "./inputs.ts";

export const releaseForget: StepKind = {
  kind: "release.forget",
  class: "convergent",
  limitMs: () => 60_000,
  before: async () => ok(null),
  async run({ world, op }, input) {
    const gone = await world.runtime.forget(op, releaseInput.parse(input).release);
    return gone.ok ? ok(null) : gone;
  },
  async probe({ world, release }, input) {
    const there = await world.runtime.available(release(releaseInput.parse(input).release));
    if (there.ok) return { is: "absent" };
    return there.error.code === "missing"
      ? { is: "applied", evidence: null }
      : { is: "partial", what: there.error.what };
  },
  repair: async () => ok(undefined),
};

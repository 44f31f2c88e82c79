// release.prepare: everything that the release needs is present and whole, before anything that serves is touched.
import { ok } from "../core/result.ts";
import { releaseInput } from "./inputs.ts";
import { readStep } from "./read-step.ts";

export const releasePrepare = readStep({
  kind: "release.prepare",
  limitMs: () => 60_000,
  async run({ world, release }, input) {
    const proof = await world.runtime.available(release(releaseInput.parse(input).release));
    return proof.ok ? ok({ bytes: proof.value.bytes }) : proof;
  },
});

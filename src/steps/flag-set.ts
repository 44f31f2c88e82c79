// flag.set: a flag is on or off. Compare and set.
import { z } from "zod";
import { ok, problem, type Result } from "../core/result.ts";
import type { Flags } from "../ports/flags.ts";
import type { StepKind } from "../ports/step.ts";
import type { World } from "../ports/world.ts";
import { flagInput } from "./inputs.ts";

const before = z.strictObject({ version: z.number() });

export const flagSet: StepKind = {
  kind: "flag.set",
  class: "guarded",
  limitMs: () => 10_000,
  async before({ world }, input) {
    const flags = flagsOf(world);
    if (!flags.ok) return flags;
    const now = await flags.value.read(flagInput.parse(input).flag);
    return now.ok ? ok({ version: now.value.version }) : now;
  },
  async run({ world, op, before: seen }, input) {
    const { flag, on } = flagInput.parse(input);
    const flags = flagsOf(world);
    if (!flags.ok) return flags;
    const now = await flags.value.read(flag);
    if (!now.ok) return now;
    if (now.value.on === on) return ok(null);
    const written = await flags.value.write(op, flag, before.parse(seen).version, on);
    return written.ok ? ok(null) : written;
  },
  async probe({ world, before: seen }, input) {
    const { flag, on } = flagInput.parse(input);
    const now = await world.flags?.read(flag);
    if (!now?.ok) return { is: "unknown", what: now?.error.what ?? "no flags are configured" };
    const { version } = now.value;
    if (now.value.on === on) return { is: "applied", evidence: { flag, on, version } };
    if (version === before.parse(seen).version) return { is: "absent" };
    return { is: "foreign", what: `the flag ${flag} was changed by somebody else` };
  },
  repair: async () => ok(undefined),
};

function flagsOf(world: World): Result<Flags> {
  if (world.flags) return ok(world.flags);
  return problem("config", "this environment has no flags", "Flags are still to come.");
}

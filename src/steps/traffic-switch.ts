// traffic.switch: new requests go to the newest live instance of a release (or to nobody). Compare and set.
import { z } from "zod";
import type { Json } from "../core/json.ts";
import { ok, problem, type Result } from "../core/result.ts";
import type { StepContext, StepKind } from "../ports/step.ts";
import type { Backend } from "../ports/traffic.ts";
import { findInstances } from "./find-instance.ts";
import { switchInput } from "./inputs.ts";

const before = z.strictObject({
  generation: z.number(),
  /** Where requests go now: nothing is to be done where that is wanted already. */
  current: z.string().nullable(),
  held: z.boolean(),
  backend: z.strictObject({ release: z.string(), instance: z.string(), url: z.string() }).nullable(),
});

export const trafficSwitch: StepKind = {
  kind: "traffic.switch",
  class: "guarded",
  limitMs: () => 10_000,
  async before({ world, step }, input) {
    const { service, release, mustBeHeld } = switchInput.parse(input);
    const [now, backend] = await Promise.all([
      world.traffic(service).now(),
      backendOf(world, service, release),
    ]);
    if (!now.ok) return now;
    if (!backend.ok) return backend;
    const { generation, held } = now.value;
    // After a reboot this may be done again when we ourselves have let requests go on since.
    if (mustBeHeld && !held && step(`let-go-${service}`) === null) return letGoByHand;
    return ok({ generation, current: now.value.backend?.instance ?? null, held, backend: backend.value });
  },
  async run(context, input) {
    const { generation, current, held, backend } = before.parse(context.before);
    if (current === (backend?.instance ?? null)) return ok(null);
    const traffic = context.world.traffic(switchInput.parse(input).service);
    const changed = await traffic.change(context.op, generation, { backend, held });
    return changed.ok ? ok({ generation: changed.value.generation }) : changed;
  },
  probe: (context, input) =>
    probeRoute(context, switchInput.parse(input).service, before.parse(context.before)),
  repair: async () => ok(undefined),
};

/** Requests would reach a release whose database may still be taken back: that would lose what they write. */
const letGoByHand = problem(
  "conflict",
  "requests no longer wait, although this plan holds them: somebody else let them go on",
  "Find out who changes the route, then say it again.",
);

async function probeRoute({ world, op }: StepContext, service: string, wanted: z.infer<typeof before>) {
  const now = await world.traffic(service).now();
  if (!now.ok) return { is: "unknown", what: now.error.what } as const;
  const { backend, generation } = now.value;
  const evidence = {
    service,
    release: backend?.release ?? null,
    instance: backend?.instance ?? null,
    generation,
  };
  if (backend?.instance === wanted.backend?.instance) return { is: "applied", evidence } as const;
  if (generation === wanted.generation) return { is: "absent" } as const;
  const who = now.value.op === op.id ? "this step" : `somebody else (${now.value.op ?? "no op"})`;
  return {
    is: "foreign",
    what: `the route was changed by ${who} to ${backend?.release ?? "nobody"}`,
  } as const;
}

async function backendOf(
  world: StepContext["world"],
  service: string,
  release: string | null,
): Promise<Result<Json & (Backend | null)>> {
  if (release === null) return ok(null);
  const found = await findInstances(world, service, release);
  if (!found.ok) return found;
  const [live] = found.value.live;
  if (!live)
    return problem(
      "missing",
      `no instance of ${release} is running`,
      "Start it first: lastgood rollback does that.",
    );
  if (live.url === null)
    return problem(
      "config",
      `${live.id} answers no requests: it has no port`,
      "Give its service a port in lastgood.yml.",
    );
  return ok({ release: live.release, instance: live.id, url: live.url });
}

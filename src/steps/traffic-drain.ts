// traffic.drain: requests in flight on a release end by themselves. Gives up waiting, never cuts.
import { ok } from "../core/result.ts";
import { findInstances } from "./find-instance.ts";
import { drainInput } from "./inputs.ts";
import { readStep } from "./read-step.ts";

const pollMs = 25;
const spareMs = 10_000;

export const trafficDrain = readStep({
  kind: "traffic.drain",
  limitMs: (input) => drainInput.parse(input).timeoutMs + spareMs,
  async run({ world, op }, input) {
    const { service, release, timeoutMs } = drainInput.parse(input);
    const found = await findInstances(world, service, release);
    if (!found.ok) return found;
    const begun = world.clock.elapsed();
    for (;;) {
      let open = 0;
      for (const instance of found.value.live) {
        const count = await world.traffic(service).inFlight(instance.id);
        if (!count.ok) return count;
        open += count.value;
      }
      const waitedMs = Math.round(world.clock.elapsed() - begun);
      if (open === 0 || waitedMs >= timeoutMs || op.signal.aborted) return ok({ stillOpen: open, waitedMs });
      await world.clock.sleep(pollMs, op.signal);
    }
  },
});

// smoke.run: a few requests straight to the instance, before anybody else's requests reach it.
import { limits } from "../core/limits.ts";
import { ok, problem } from "../core/result.ts";
import { findInstances, lastWords } from "./find-instance.ts";
import { smokeInput } from "./inputs.ts";
import { readStep } from "./read-step.ts";

const spareMs = 1_000;

export const smokeRun = readStep({
  kind: "smoke.run",
  limitMs: (input) => smokeInput.parse(input).checks.length * limits.probeTimeoutMs + spareMs,
  async run({ world, op }, input) {
    const { service, release, checks } = smokeInput.parse(input);
    const found = await findInstances(world, service, release);
    if (!found.ok) return found;
    const [instance] = found.value.live;
    if (!instance)
      return problem(
        "unhealthy",
        `it exited. ${lastWords(found.value)}`,
        "Mend the release and deploy it again.",
      );
    if (instance.url === null)
      return problem("config", `${service} has no port to try`, "Name another service in the smoke check.");
    for (const { path, expect } of checks) {
      const url = instance.url + path;
      const answer = await world.http.request({
        method: "GET",
        url,
        timeoutMs: limits.probeTimeoutMs,
        signal: op.signal,
      });
      const saw = answer.ok ? `${answer.value.status}` : answer.error.what;
      if (saw !== `${expect}`) {
        return problem(
          "unhealthy",
          `GET ${path} gave ${saw}, expected ${expect}`,
          "Mend the release, or the smoke check in lastgood.yml.",
        );
      }
    }
    return ok({ checks: checks.length });
  },
});

// instance.health: the instance itself answers its health path with 2xx or 3xx.
import type { Json } from "../core/json.ts";
import { limits } from "../core/limits.ts";
import { ok, problem, type Result } from "../core/result.ts";
import type { StepContext } from "../ports/step.ts";
import { type Found, findInstances, lastWords } from "./find-instance.ts";
import { healthInput } from "./inputs.ts";
import { readStep } from "./read-step.ts";

const spareMs = 10_000;

export const instanceHealth = readStep({
  kind: "instance.health",
  limitMs: (input) => healthInput.parse(input).timeoutMs + spareMs,
  run: waitUntilHealthy,
});

async function waitUntilHealthy({ world, op }: StepContext, input: Json): Promise<Result<Json>> {
  const { service, release, path, timeoutMs, intervalMs } = healthInput.parse(input);
  const { clock, http } = world;
  const begun = clock.elapsed();
  let last = "it was never asked";
  for (let asked = 1; ; asked++) {
    const found = await findInstances(world, service, release);
    if (!found.ok) return found;
    const [instance] = found.value.live;
    if (!instance) return notHealthy("it exited", found.value);
    const answer = await http.request({
      method: "GET",
      url: instance.url + path,
      timeoutMs: limits.probeTimeoutMs,
      signal: op.signal,
    });
    if (answer.ok && answer.value.status >= 200 && answer.value.status < 400) {
      return ok({ instance: instance.id, asked, ms: Math.round(clock.elapsed() - begun) });
    }
    last = answer.ok ? `it answers ${answer.value.status}` : answer.error.what;
    if (op.signal.aborted) return problem("cancelled", "waiting for health was cancelled", "Nothing to do.");
    if (clock.elapsed() - begun >= timeoutMs) {
      return notHealthy(`not healthy after ${timeoutMs / 1000} s, ${last}`, found.value);
    }
    await clock.sleep(intervalMs, op.signal);
  }
}

function notHealthy(what: string, found: Found): Result<Json> {
  return problem(
    "unhealthy",
    `${what}. ${lastWords(found)}`,
    "Mend the release and deploy it again; its log is kept.",
  );
}

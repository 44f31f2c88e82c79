// instance.health: the instance itself answers its health path with 2xx or 3xx.
import type { Json } from "../core/json.ts";
import { limits } from "../core/limits.ts";
import { ok, problem, type Result } from "../core/result.ts";
import type { HttpClient } from "../ports/http-client.ts";
import type { Instance } from "../ports/runtime.ts";
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
    const waitedMs = Math.round(clock.elapsed() - begun);
    const said =
      path === null ? ownWord(instance, waitedMs) : await answerOf(http, instance, path, op.signal);
    if (said === healthy)
      return ok({ instance: instance.id, asked, ms: Math.round(clock.elapsed() - begun) });
    last = said;
    if (op.signal.aborted) return problem("cancelled", "waiting for health was cancelled", "Nothing to do.");
    if (clock.elapsed() - begun >= timeoutMs) {
      return notHealthy(`not healthy after ${timeoutMs / 1000} s, ${last}`, found.value);
    }
    await clock.sleep(intervalMs, op.signal);
  }
}

const healthy = "healthy";
/** Where nothing tells whether it is well, it must at least have stayed alive for so long. */
const stableMs = 3_000;

/** What its runtime says of it. */
function ownWord({ health }: Instance, waitedMs: number): string {
  if (health === "healthy" || (health === "unsaid" && waitedMs >= stableMs)) return healthy;
  return health === "unsaid"
    ? "it has no health check and runs only for a moment"
    : `its health check says ${health}`;
}

async function answerOf(
  http: HttpClient,
  { url }: Instance,
  path: string,
  signal: AbortSignal,
): Promise<string> {
  if (url === null) return "it has no address to ask";
  const answer = await http.request({
    method: "GET",
    url: url + path,
    timeoutMs: limits.probeTimeoutMs,
    signal,
  });
  if (!answer.ok) return answer.error.what;
  const { status } = answer.value;
  return status >= 200 && status < 400 ? healthy : `it answers ${status}`;
}

function notHealthy(what: string, found: Found): Result<Json> {
  return problem(
    "unhealthy",
    `${what}. ${lastWords(found)}`,
    "Mend the release and deploy it again; its log is kept.",
  );
}

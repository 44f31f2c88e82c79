// smoke.run: what users do, tried on a fresh instance before anybody else reaches it, or through the public port after.
import { compareFlows } from "../core/flows/compare.ts";
import { type FlowMark, flowMark } from "../core/flows/flow.ts";
import type { Json, JsonObject } from "../core/json.ts";
import { limits } from "../core/limits.ts";
import { ok, problem, type Result } from "../core/result.ts";
import type { StepContext } from "../ports/step.ts";
import { findInstances, lastWords } from "./find-instance.ts";
import { runFlows } from "./flow-run.ts";
import { smokeInput } from "./inputs.ts";
import { readStep } from "./read-step.ts";

const spareMs = 1_000;

export const smokeRun = readStep({
  kind: "smoke.run",
  limitMs(input) {
    const { checks, flows = [] } = smokeInput.parse(input);
    const ofFlows = flows.reduce((sum, flow) => sum + flow.timeoutMs, 0);
    return checks.length * limits.probeTimeoutMs + ofFlows + spareMs;
  },
  async run(context, input) {
    const {
      checks,
      flows = [],
      through = "instance",
      before = null,
      seen = [],
      onlyLook = false,
    } = smokeInput.parse(input);
    const url = through === "public" ? ok(null) : await instanceUrl(context, input);
    if (!url.ok) return url;
    const checked = url.value === null ? ok(null) : await runChecks(context, url.value, checks);
    if (!checked.ok) return checked;
    if (flows.length === 0) return ok({ checks: checks.length });
    const ran = await runFlows(context, { flows, instance: url.value });
    // Looked at before the switch, to be compared with: the release that serves is not on trial.
    if (!ran.ok) return onlyLook ? ok({ look: ran.error.what }) : ran;
    const then = before === null ? seen : marksOf(context.step(before));
    return ok(evidence(checks.length, ran.value, then));
  },
});

async function instanceUrl(context: StepContext, input: Json): Promise<Result<string | null>> {
  const { service, release } = smokeInput.parse(input);
  const found = await findInstances(context.world, service, release);
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
  return ok(instance.url);
}

type Checks = ReturnType<typeof smokeInput.parse>["checks"];

async function runChecks({ world, op }: StepContext, base: string, checks: Checks): Promise<Result<null>> {
  for (const { path, expect } of checks) {
    const url = base + path;
    const timeoutMs = limits.probeTimeoutMs;
    const answer = await world.http.request({ method: "GET", url, timeoutMs, signal: op.signal });
    const saw = answer.ok ? `${answer.value.status}` : answer.error.what;
    if (saw !== `${expect}`) {
      return problem(
        "unhealthy",
        `GET ${path} gave ${saw}, expected ${expect}`,
        "Mend the release, or the smoke check in lastgood.yml.",
      );
    }
  }
  return ok(null);
}

function evidence(checks: number, marks: FlowMark[], before: readonly FlowMark[]): JsonObject {
  const compared = compareFlows(before, marks).map((one) => ({
    ...one,
    status: [...one.status],
    ms: [...one.ms],
  }));
  const base = { checks, flows: marks };
  return compared.length === 0 ? base : { ...base, compared };
}

/** What an earlier step of this run saw. */
function marksOf(earlier: { readonly evidence: Json } | null): readonly FlowMark[] {
  const seen = earlier?.evidence as { flows?: unknown } | null | undefined;
  const marks = flowMark.array().safeParse(seen?.flows);
  return marks.success ? marks.data : [];
}

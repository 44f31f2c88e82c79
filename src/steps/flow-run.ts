// All flows of one moment, against an instance or the public port; requests or a browser script.
import type { Variables } from "../core/flows/fill.ts";
import type { Flow, FlowMark } from "../core/flows/flow.ts";
import { veil } from "../core/flows/veil.ts";
import { ok, problem, type Result } from "../core/result.ts";
import type { FlowTools } from "../ports/flows.ts";
import type { StepContext } from "../ports/step.ts";
import { type Place, runRequests } from "./flow-requests.ts";

export type FlowsRun = {
  readonly flows: readonly Flow[];
  /** Where the instance is; null: the flows go through the public port. */
  readonly instance: string | null;
};

export async function runFlows(
  context: Pick<StepContext, "world" | "op">,
  { flows, instance }: FlowsRun,
): Promise<Result<FlowMark[]>> {
  const marks: FlowMark[] = [];
  for (const flow of flows) {
    const place = placeOf(context.world.flows, flow, instance);
    if (!place) return problem("config", `nothing says where flow ${flow.name} is to go`, "Give it a url.");
    const ran = await runOne(context, flow, place);
    if (!ran.ok) return ran;
    marks.push(...ran.value);
  }
  return ok(marks);
}

function placeOf(tools: FlowTools | null, flow: Flow, instance: string | null): Place | null {
  return instance === null ? (tools?.publicSide(flow.name) ?? null) : { url: instance, host: null };
}

const uniqueCharacters = 8;

async function runOne(
  { world, op }: Pick<StepContext, "world" | "op">,
  flow: Flow,
  place: Place,
): Promise<Result<readonly FlowMark[]>> {
  const secrets = await secretsOf(world.flows, flow);
  if (!secrets.ok) return secrets;
  // Another one for each attempt: a sign-up must not meet its own name of before.
  const unique = `${op.id.slice(-uniqueCharacters)}${world.clock.now().toString(36)}`;
  const variables = { ...flow.variables, unique };
  if (flow.playwright === null)
    return runRequests({ world, op }, flow, place, { variables, secrets: secrets.value });
  if (!world.flows)
    return problem("config", "scripts cannot be run here", "Take the flow out of lastgood.yml.");
  const env = { ...variables, ...secrets.value, LASTGOOD_BASE_URL: place.url, LASTGOOD_FLOW: flow.name };
  const { playwright: file, timeoutMs } = flow;
  const ended = await world.flows.script(op, { file, env, timeoutMs });
  if (!ended.ok) return ended;
  const { exitCode, timedOut, output, ms } = ended.value;
  const said = veil(lastLines(output), Object.values(secrets.value));
  if (exitCode === 0)
    return ok([
      { flow: flow.name, step: "script", status: 0, ms: Math.round(ms), bytes: output.length, keys: [] },
    ]);
  const how = timedOut ? `took more than ${timeoutMs} ms` : `ended with exit code ${exitCode ?? "none"}`;
  return problem(
    "unhealthy",
    `flow ${flow.name}: its script ${how}. ${said}`,
    "Mend the release, or the script.",
  );
}

async function secretsOf(tools: FlowTools | null, flow: Flow): Promise<Result<Variables>> {
  if (flow.secrets.length === 0) return ok({});
  if (!tools)
    return problem("config", `flow ${flow.name} has secrets, and nothing here reads them`, "Name none.");
  const read = await tools.secrets(flow.name);
  if (!read.ok) return read;
  return ok(Object.fromEntries(Object.entries(read.value).map(([name, value]) => [name, value.reveal()])));
}

const shownLines = 10;
const lineCharacters = 300;

function lastLines(output: string): string {
  const lines = output.trimEnd().split("\n").slice(-shownLines);
  const text = lines.map((line) => `    ${line.slice(0, lineCharacters)}`).join("\n");
  return output.trim() === "" ? "It printed nothing." : `Its last lines:\n${text}`;
}

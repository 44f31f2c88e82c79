// Smoke flows from the config: as data for plans, and with what they need when they run.
import { dirname } from "node:path";
import type { Environment } from "../config/schema.ts";
import { type FlowStep, moments } from "../core/flows/flow.ts";
import type { Json, JsonObject } from "../core/json.ts";
import type { PlanFlow } from "../core/plan/facts.ts";
import { ok, problem, type Result } from "../core/result.ts";
import { type Secret, secret } from "../core/secret.ts";
import type { FlowTools, Script, ScriptEnd } from "../ports/flows.ts";
import type { Op } from "../ports/op.ts";
import type { Machine } from "./machine.ts";

type Written = Environment["flows"][string];

export function flowsOf({ flows }: Environment): readonly PlanFlow[] {
  return Object.entries(flows).map(([name, written]) => ({
    service: written.service ?? null,
    at: written.at ?? moments,
    flow: {
      name,
      variables: { ...written.with },
      secrets: Object.keys(written.secrets),
      steps: written.steps.map(stepOf),
      playwright: written.playwright ?? null,
      timeoutMs: written.timeout.ms,
    },
  }));
}

function stepOf({
  name,
  method,
  path,
  headers,
  json,
  form,
  capture,
  expect,
}: Written["steps"][number]): FlowStep {
  return {
    name: name ?? `${method} ${path}`,
    method,
    path,
    headers: { ...headers },
    body: json !== undefined ? { json: json as Json } : form ? { form: { ...form } } : null,
    capture: Object.fromEntries(Object.entries(capture).map(([key, where]) => [key, captureOf(where)])),
    expect: {
      status: expect.status,
      headers: { ...expect.headers },
      json: expect.json as JsonObject,
      contains: [...expect.contains],
      withinMs: expect.within.ms,
    },
  };
}

function captureOf({ json, header, match }: Written["steps"][number]["capture"][string]) {
  if (json !== undefined) return { json };
  return header === undefined ? { match: match ?? "" } : { header };
}

/** Null where the environment has no flows. Scripts and secret files are on the controller's own machine. */
export function flowToolsOf(section: Environment, machine: Machine): FlowTools | null {
  if (Object.keys(section.flows).length === 0) return null;
  return {
    secrets: (flow) => secretsOf(section.flows[flow], machine),
    publicSide: (flow) => publicSide(section, section.flows[flow]?.url),
    script: (op, script) => run(machine, op, script),
  };
}

async function secretsOf(
  flow: Written | undefined,
  machine: Machine,
): Promise<Result<Record<string, Secret>>> {
  const all: Record<string, Secret> = {};
  for (const [name, { file, env }] of Object.entries(flow?.secrets ?? {})) {
    const value = file === undefined ? fromEnvironment(env ?? "") : await fromFile(file, machine);
    if (!value.ok) return value;
    all[name] = value.value;
  }
  return ok(all);
}

function fromEnvironment(name: string): Result<Secret> {
  const value = process.env[name];
  if (value !== undefined && value !== "") return ok(secret(value));
  return problem("missing", `the variable ${name} is not set`, "Set it where the controller is started.");
}

async function fromFile(file: string, { here }: Machine): Promise<Result<Secret>> {
  const text = await here.files.read(file);
  return text.ok ? ok(secret(text.value.toString("utf8").trim())) : text;
}

function publicSide({ traffic }: Environment, own: string | undefined) {
  if (own !== undefined) return { url: own, host: null };
  if (traffic?.kind === "nginx" || traffic?.kind === "haproxy")
    return { url: traffic.url, host: traffic.host ?? null };
  if (traffic?.kind === "edge")
    return traffic.publicUrl === undefined ? null : { url: traffic.publicUrl, host: null };
  if (traffic?.kind !== "proxy") return null;
  const { host, port } = traffic.listen;
  const local = { "0.0.0.0": "127.0.0.1", "::": "[::1]" }[host] ?? (host.includes(":") ? `[${host}]` : host);
  return { url: `http://${local}:${port}`, host: null };
}

async function run(machine: Machine, op: Op, { file, env, timeoutMs }: Script): Promise<Result<ScriptEnd>> {
  const ended = await machine.here.host.run(
    { argv: [machine.node, file], effect: "write", op: op.id, timeoutMs, cwd: dirname(file), env },
    op.signal,
  );
  if (!ended.ok) return ended;
  const { exitCode, timedOut, stdout, stderr, durationMs } = ended.value;
  const output = [stdout, stderr].filter((one) => one.trim() !== "").join("\n");
  return ok({ exitCode, timedOut, output, ms: durationMs });
}

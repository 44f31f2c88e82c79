// GitHub: deployments, workflows that fail, secrets that were found.
import { z } from "zod";
import { ok } from "../../core/result.ts";
import type { SignalEvent } from "../../core/signals/event.ts";
import type { Sender } from "./desk.ts";
import { hmacHex, same } from "./signature.ts";
import { id, json, line, notUnderstood, subject, timeOf } from "./text.ts";

const repository = z.object({ full_name: z.string() });
const deploymentStatus = z.object({
  repository,
  deployment_status: z.object({
    state: z.string(),
    environment: z.string().nullish(),
    updated_at: z.string(),
  }),
  deployment: z.object({ ref: z.string(), sha: z.string(), task: z.string().nullish() }),
});
const workflowRun = z.object({
  repository,
  action: z.string(),
  workflow_run: z.object({
    name: z.string().nullish(),
    conclusion: z.string().nullish(),
    head_branch: z.string().nullish(),
    updated_at: z.string(),
  }),
});
const secretAlert = z.object({
  repository,
  action: z.string(),
  alert: z.object({
    number: z.number(),
    secret_type: z.string().nullish(),
    created_at: z.string().nullish(),
  }),
});

/** `X-Hub-Signature-256: sha256=<hex>` over the body, without a time: a repeat is told by its X-GitHub-Delivery. */
export const github: Sender = {
  refuse(request, secret) {
    const shown = request.header("x-hub-signature-256");
    if (shown === undefined) return "there is no X-Hub-Signature-256 header";
    if (request.header("x-github-delivery") === undefined) return "there is no X-GitHub-Delivery header";
    const right = `sha256=${hmacHex(secret, [request.raw])}`;
    return same(shown, right) ? null : "the signature does not fit the body";
  },
  read(request, nowMs) {
    const text = json(request);
    if (!text.ok) return text;
    const name = request.header("x-github-event") ?? "";
    const event = eventOf(name, text.value, nowMs);
    if (event === "odd") return notUnderstood(`this is not what GitHub sends as ${line(name)}`);
    const delivery = id(request.header("x-github-delivery") ?? "");
    return ok({ deliveries: event === null ? [] : [{ delivery, events: [event], trials: [], more: 0 }] });
  },
};

/** Null: nothing that happened to what runs. */
function eventOf(name: string, body: unknown, nowMs: number): SignalEvent | null | "odd" {
  if (name === "deployment_status") return deployed(body, nowMs);
  if (name === "workflow_run") return workflow(body, nowMs);
  return name === "secret_scanning_alert" ? leaked(body, nowMs) : null;
}

function deployed(body: unknown, nowMs: number): SignalEvent | null | "odd" {
  const read = deploymentStatus.safeParse(body);
  if (!read.success) return "odd";
  const { repository, deployment_status: status, deployment } = read.data;
  if (!["success", "failure", "error"].includes(status.state)) return null;
  const task = deployment.task ?? "deploy";
  const what = `${task} of ${deployment.ref} (${deployment.sha.slice(0, 12)}) to ${status.environment ?? "?"}: ${status.state}`;
  const severity = status.state === "success" ? ("info" as const) : ("error" as const);
  const about = subject(`${repository.full_name} ${status.environment ?? ""}`);
  return { at: timeOf(status.updated_at, nowMs), kind: "deploy", subject: about, what: line(what), severity };
}

function workflow(body: unknown, nowMs: number): SignalEvent | null | "odd" {
  const read = workflowRun.safeParse(body);
  if (!read.success) return "odd";
  const { repository, action, workflow_run: run } = read.data;
  const failed = run.conclusion === "failure" || run.conclusion === "timed_out";
  if (action !== "completed" || !failed) return null;
  const what = line(`workflow ${run.name ?? ""} on ${run.head_branch ?? "?"}: ${run.conclusion}`);
  const about = subject(`${repository.full_name} ${run.name ?? "workflow"}`);
  return { at: timeOf(run.updated_at, nowMs), kind: "alert", subject: about, what, severity: "warning" };
}

function leaked(body: unknown, nowMs: number): SignalEvent | null | "odd" {
  const read = secretAlert.safeParse(body);
  if (!read.success) return "odd";
  const { repository, action, alert } = read.data;
  const common = {
    at: timeOf(alert.created_at, nowMs),
    kind: "alert" as const,
    subject: subject(`${repository.full_name} secret ${alert.number}`),
  };
  const type = alert.secret_type ?? "a secret";
  if (action === "resolved") return { ...common, what: line(`${type} in the code: resolved`), over: true };
  if (action !== "created" && action !== "publicly_leaked" && action !== "reopened") return null;
  return {
    ...common,
    what: line(`${type} was found in the code of ${repository.full_name}`),
    severity: "critical",
  };
}

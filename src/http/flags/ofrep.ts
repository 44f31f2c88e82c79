// OFREP 0.3: any OpenFeature SDK asks here. Single and bulk evaluation, and a stream that says when to ask again.
import { Hono } from "hono";
import { z } from "zod";
import type { EnvFlags, FlagDesk } from "../../app/flag-desk.ts";
import { sha256 } from "../../core/digest.ts";
import { ticket } from "../../core/flags/keys.ts";
import type { Flag } from "../../core/flags/model.ts";
import { canonical } from "../../core/json.ts";
import { type Asked, type Bindings, type Caller, callerOf, listenerOf, refuse } from "./caller.ts";
import { alreadySent, begin, lineTo } from "./stream.ts";

const evaluation = z.object({ context: z.looseObject({ targetingKey: z.string().optional() }) });
const longestKey = 200;
/** How long a hidden browser tab keeps listening. */
const inactivityDelaySec = 120;

export function ofrepRoutes(desk: FlagDesk, now: () => number): Hono<Bindings> {
  const hono = new Hono<Bindings>();
  // Pages of other origins may ask: what they may see is decided by their key alone.
  hono.use("*", async (context, next) => {
    context.header("access-control-allow-origin", "*");
    context.header("access-control-expose-headers", "etag");
    if (context.req.method !== "OPTIONS") return next();
    context.header("access-control-allow-headers", "authorization, x-api-key, content-type, if-none-match");
    context.header("access-control-allow-methods", "POST, GET");
    context.header("access-control-max-age", "86400");
    return context.body(null, 204);
  });
  hono.post("/evaluate/flags/:key", async (context) => {
    const caller = callerOf(desk, context, now());
    if (!caller) return refuse(context);
    const key = context.req.param("key").slice(0, longestKey);
    const asked = await readContext(context);
    if (typeof asked === "string")
      return context.json({ key, errorCode: "INVALID_CONTEXT", errorDetails: asked }, 400);
    const flag = caller.env.ruleset().flags.get(key);
    if (!flag) {
      const errorDetails = `There is no flag "${key}" in ${caller.env.name}.`;
      return context.json({ key, errorCode: "FLAG_NOT_FOUND", errorDetails }, 404);
    }
    const answer = evaluate(caller.env, key, flag, asked);
    return context.json(answer, "errorCode" in answer ? 400 : 200);
  });
  hono.post("/evaluate/flags", async (context) => {
    const caller = callerOf(desk, context, now());
    if (!caller) return refuse(context);
    const asked = await readContext(context);
    if (typeof asked === "string")
      return context.json({ errorCode: "INVALID_CONTEXT", errorDetails: asked }, 400);
    return bulk(context, caller, asked, now());
  });
  hono.get("/events", (context) => {
    const caller = listenerOf(desk, context.req.query("ticket") ?? "", now());
    if (!caller) return refuse(context);
    return listen(context, caller);
  });
  return hono;
}

async function readContext(context: Asked): Promise<Readonly<Record<string, unknown>> | string> {
  const body = evaluation.safeParse(await context.req.json().catch(() => null));
  return body.success ? body.data.context : 'The body must be JSON: { "context": { "targetingKey": "…" } }.';
}

function evaluate(env: EnvFlags, key: string, flag: Flag, context: Readonly<Record<string, unknown>>) {
  const { value, variant, reason, errorCode, errorMessage } = env.evaluate(key, flag, context);
  const metadata = flag.metadata ? { metadata: flag.metadata } : {};
  if (errorCode !== undefined) {
    return { key, errorCode, errorDetails: errorMessage ?? "It could not be evaluated.", ...metadata };
  }
  return {
    key,
    reason: reason === "DEFAULT" ? "UNKNOWN" : reason,
    ...(value === undefined ? {} : { value }),
    ...(variant === undefined ? {} : { variant }),
    ...metadata,
  };
}

function bulk(context: Asked, { env, key }: Caller, asked: Readonly<Record<string, unknown>>, now: number) {
  const { version, flags } = env.ruleset();
  // Rules may look at the time: an answer is the same only within the same minute.
  const minute = Math.floor(now / 60_000);
  const etag = `"${sha256(`${env.name}|${version}|${minute}|${canonical(asked)}`).slice(0, 32)}"`;
  context.header("etag", etag);
  if (context.req.header("if-none-match") === etag) return context.body(null, 304);
  const answers = [...flags].map(([name, flag]) => evaluate(env, name, flag, asked));
  const sdkKey = env.state().keys[key];
  const requestUri = `/ofrep/v1/events?ticket=${sdkKey ? ticket(key, sdkKey, now) : ""}`;
  const eventStreams = [{ type: "sse", endpoint: { requestUri }, inactivityDelaySec }];
  return context.json({ flags: answers, eventStreams, metadata: { version } });
}

/** Says that something changed, and nothing of what: the page asks again with its own context. */
function listen(context: Asked, { env, key }: Caller): Response {
  const { outgoing } = context.env;
  const line = lineTo(outgoing);
  const joined = env.pages.join(key, line);
  if (!joined) return context.json({ errorDetails: "Too many pages listen here." }, 503);
  outgoing.on("close", joined.leave);
  const { version } = env.ruleset();
  const missed = Number(context.req.header("last-event-id") ?? Number.NaN);
  const first = Number.isFinite(missed) && missed !== version ? env.refetch() : ": hello\n\n";
  begin(outgoing, `retry: 1000\n${first}`, { "access-control-allow-origin": "*" });
  return alreadySent();
}

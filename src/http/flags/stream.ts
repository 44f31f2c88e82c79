// The stream for @lastgood/flags: the whole state, then what changes, and a beat. Confirmations and counts come back beside it.
import { Hono } from "hono";
import { z } from "zod";
import type { FlagDesk } from "../../app/flag-desk.ts";
import type { Line } from "../../app/flag-subscribers.ts";
import { type Bindings, callerOf, type Outgoing, refuse } from "./caller.ts";

const text = z.string().max(200);
export const processShape = z.object({
  instance: text,
  name: text,
  kind: text,
  host: text,
  pid: z.number(),
});
const appliedBody = z.object({ instance: text, version: z.number() });
const leftBody = z.object({ instance: text });
const countsBody = z.object({
  counts: z.record(text, z.record(text, z.number())),
  defaults: z.record(text, z.array(z.json()).max(4)).optional(),
  unknown: z.record(text, z.number()).optional(),
});

const streamHeaders = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
  "x-accel-buffering": "no",
};

export function streamRoutes(desk: FlagDesk, now: () => number): Hono<Bindings> {
  const hono = new Hono<Bindings>();
  hono.get("/stream", (context) => {
    const caller = callerOf(desk, context, now());
    if (!caller) return refuse(context);
    const about = processShape.safeParse(parsed(context.req.header("lastgood-process")));
    if (!about.success)
      return context.json({ errorDetails: "The header lastgood-process is missing or odd." }, 400);
    const { outgoing } = context.env;
    const joined = caller.env.subscribers.join(about.data, caller.key, lineTo(outgoing));
    if (!joined) return context.json({ errorDetails: "Too many processes listen here." }, 503);
    outgoing.on("close", joined.leave);
    begin(outgoing, caller.env.full());
    return alreadySent();
  });
  hono.post("/applied", async (context) => {
    const caller = callerOf(desk, context, now());
    if (!caller) return refuse(context);
    const body = appliedBody.safeParse(await context.req.json().catch(() => null));
    if (!body.success) return context.body(null, 400);
    const { instance, version } = body.data;
    return context.body(null, caller.env.subscribers.applied(instance, version) ? 204 : 404);
  });
  hono.post("/left", async (context) => {
    const caller = callerOf(desk, context, now());
    if (!caller) return refuse(context);
    const body = leftBody.safeParse(await context.req.json().catch(() => null));
    if (body.success) caller.env.subscribers.left(body.data.instance);
    return context.body(null, body.success ? 204 : 400);
  });
  hono.post("/counts", async (context) => {
    const caller = callerOf(desk, context, now());
    if (!caller) return refuse(context);
    const body = countsBody.safeParse(await context.req.json().catch(() => null));
    if (!body.success) return context.body(null, 400);
    const { counts, defaults = {}, unknown = {} } = body.data;
    const { counts: book } = caller.env;
    for (const [flag, variants] of Object.entries(counts)) book.add(flag, variants, now());
    for (const [flag, values] of Object.entries(defaults))
      for (const value of values) book.noteDefault(flag, value);
    for (const [flag, count] of Object.entries(unknown)) book.noteUnknown(flag, count);
    return context.body(null, 204);
  });
  return hono;
}

export function begin(outgoing: Outgoing, first: string, headers: Record<string, string> = {}): void {
  outgoing.writeHead(200, { ...streamHeaders, ...headers });
  outgoing.flushHeaders();
  outgoing.write(first);
}

/** Tells the server that the answer is under way by other means. */
export function alreadySent(): Response {
  const sent = new Response(null, { headers: { "x-hono-already-sent": "true" } });
  // The server takes a short cut past this header with an answer that nobody has looked into yet.
  void sent.body;
  return sent;
}

export function lineTo(outgoing: Outgoing): Line {
  return {
    write: (text) => void outgoing.write(text),
    backlog: () => outgoing.writableLength,
    end: () => outgoing.destroy(),
  };
}

export function parsed(header: string | undefined): unknown {
  try {
    return JSON.parse(decodeURIComponent(header ?? ""));
  } catch {
    return null;
  }
}

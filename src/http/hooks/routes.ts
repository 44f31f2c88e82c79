// POST /hooks/<sender>: what other systems see. Believed by its proof, taken once, written down before it is answered.
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { ok, type Problem, problem, type Result } from "../../core/result.ts";
import { alertmanager } from "./alertmanager.ts";
import type { HookDesk, HookWay, Read, Request, Sender, Via } from "./desk.ts";
import { vias } from "./desk.ts";
import { generic } from "./generic.ts";
import { github } from "./github.ts";
import { pagerduty } from "./pagerduty.ts";
import { sentry } from "./sentry.ts";
import { slack } from "./slack.ts";
import { stripe } from "./stripe.ts";

const senders: Readonly<Record<Via, Sender>> = {
  alertmanager,
  sentry,
  stripe,
  pagerduty,
  github,
  slack,
  generic,
};

const bodyBytes = 1024 * 1024;
const againS = 30;
/** Deliveries that are taken from one request; the others are counted. */
const deliveriesAtOnce = 100;

/** Mount it at /hooks. `now` is the wall clock: signatures end by it. */
export function hookRoutes(desk: HookDesk, now: () => number): Hono {
  const hono = new Hono();
  const tooLarge = bodyLimit({
    maxSize: bodyBytes,
    onError: (context) => context.json({ error: `the body is larger than ${bodyBytes} bytes` }, 413),
  });
  hono.post("/:via", tooLarge, async (context) => {
    const via = vias.find((one) => one === context.req.param("via"));
    if (via === undefined) return context.json({ error: `there are only: ${vias.join(", ")}` }, 404);
    const ways = desk.ways(via);
    if (ways.length === 0)
      return context.json(
        { error: `no environment listens to ${via}: signals: hooks: in lastgood.yml` },
        404,
      );
    const request: Request = {
      raw: new Uint8Array(await context.req.arrayBuffer()),
      header: (name) => context.req.header(name),
    };
    const believed = await believers(senders[via], request, ways, now());
    if (!believed.ok) return refusal(context, believed.error);
    const read = senders[via].read(request, now());
    return read.ok ? take(context, via, read.value, believed.value) : refusal(context, read.error);
  });
  hono.all("/:via", (context) => {
    context.header("allow", "POST");
    return context.json({ error: "webhooks are sent by POST" }, 405);
  });
  return hono;
}

/** Environments whose secret the sender knows: two may share one, and then it speaks of both. */
async function believers(
  sender: Sender,
  request: Request,
  ways: readonly HookWay[],
  nowMs: number,
): Promise<Result<readonly HookWay[]>> {
  const believed: HookWay[] = [];
  let unread: Problem | null = null;
  let why = "";
  for (const way of ways) {
    const secret = await way.secret();
    if (!secret.ok) {
      unread = secret.error;
      continue;
    }
    const refused = sender.refuse(request, secret.value, nowMs);
    if (refused === null) believed.push(way);
    else why = refused;
  }
  if (believed.length > 0) return ok(believed);
  if (unread !== null && why === "")
    return problem("unreachable", "the secret of this webhook cannot be read here", "lastgood doctor");
  return problem("refused", why, "Compare the secret here with the sender's.");
}

function take(context: Context, via: Via, { deliveries, answer }: Read, ways: readonly HookWay[]): Response {
  const all = deliveries.slice(0, deliveriesAtOnce);
  const cut = deliveries.length - all.length;
  const taken = ways.map((way) =>
    way.take(all.map((one, i) => ({ ...one, env: way.env, via, more: one.more + (i === 0 ? cut : 0) }))),
  );
  if (taken.includes("full")) {
    context.header("retry-after", String(againS));
    return context.json({ error: "more came than is written down in a minute; send it again later" }, 503);
  }
  if (answer) return context.json(answer.body, answer.status);
  const outcome = all.length === 0 ? "not about what we watch" : taken.includes("taken") ? "taken" : "known";
  return context.json({ outcome }, 200);
}

function refusal(context: Context, { code, what }: Problem): Response {
  if (code === "unreachable") return context.json({ error: what }, 503);
  if (code !== "refused") return context.json({ error: what }, 400);
  context.header("www-authenticate", "Bearer");
  return context.json({ error: what }, 401);
}

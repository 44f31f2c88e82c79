// What each sender writes, in the shapes that their documentation publishes, and what becomes of it.
import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { hex, hookBed, key, now, nowS } from "./bed.ts";

const alerts = JSON.stringify({
  version: "4",
  groupKey: '{}:{alertname="HighErrorRate"}',
  truncatedAlerts: 3,
  status: "firing",
  receiver: "lastgood",
  groupLabels: { alertname: "HighErrorRate" },
  commonLabels: { alertname: "HighErrorRate" },
  commonAnnotations: {},
  externalURL: "http://alertmanager:9093",
  alerts: [
    {
      status: "firing",
      labels: { alertname: "HighErrorRate", service: "api", severity: "page" },
      annotations: { summary: "5 % of requests\nfail" },
      startsAt: "2026-09-21T14:00:00.000Z",
      endsAt: "0001-01-01T00:00:00Z",
      generatorURL: "http://prometheus:9090/graph",
      fingerprint: "02d30c60a26c9d77",
    },
    {
      status: "resolved",
      labels: { alertname: "DiskFull", instance: "db-1" },
      annotations: {},
      startsAt: "2026-09-21T13:00:00.000Z",
      endsAt: "2026-09-21T14:05:00.000Z",
      generatorURL: "",
      fingerprint: "aaaa0c60a26c9d77",
    },
  ],
});

test("Alertmanager: each alert is told by itself, firing or resolved, and what was cut is counted", async () => {
  const { post, taken } = hookBed();
  expect((await post("alertmanager", alerts, { authorization: `Bearer ${key}` })).status).toBe(200);
  expect(taken).toEqual([
    {
      env: "production",
      via: "alertmanager",
      delivery: "02d30c60a26c9d77 2026-09-21T14:00:00.000Z firing",
      more: 3,
      trials: [],
      events: [
        {
          at: Date.parse("2026-09-21T14:00:00.000Z"),
          kind: "alert",
          subject: "HighErrorRate api",
          what: "5 % of requests fail",
          severity: "critical",
        },
      ],
    },
    {
      env: "production",
      via: "alertmanager",
      delivery: "aaaa0c60a26c9d77 2026-09-21T13:00:00.000Z resolved",
      more: 0,
      trials: [],
      events: [
        {
          at: Date.parse("2026-09-21T14:05:00.000Z"),
          kind: "alert",
          subject: "DiskFull db-1",
          what: "DiskFull",
          over: true,
        },
      ],
    },
  ]);
});

test("Alertmanager: user and password do as well as a token", async () => {
  const { post } = hookBed({ key: "alert:manager" });
  const basic = Buffer.from("alert:manager").toString("base64");
  expect((await post("alertmanager", alerts, { authorization: `Basic ${basic}` })).status).toBe(200);
  expect((await post("alertmanager", alerts, { authorization: "Basic YWxlcnQ6d3Jvbmc=" })).status).toBe(401);
});

function stripeEvent(type: string, object: object, id = "evt_1"): string {
  return JSON.stringify({
    id,
    object: "event",
    api_version: "2026-01-28",
    created: 1_789_999_999,
    data: { object: { id: "pi_1", object: "payment_intent", ...object } },
    livemode: true,
    pending_webhooks: 1,
    request: { id: "req_1", idempotency_key: null },
    type,
  });
}

function signedByStripe(body: string, t = nowS): Record<string, string> {
  return { "stripe-signature": `t=${t},v1=${hex("of another key")},v1=${hex(`${t}.${body}`)}` };
}

test.each([
  ["payment_intent.succeeded", { customer: "cus_1" }, true, 0],
  [
    "payment_intent.payment_failed",
    { last_payment_error: { type: "card_error", decline_code: "generic_decline" } },
    true,
    0,
  ],
  [
    "payment_intent.payment_failed",
    { last_payment_error: { type: "api_error", code: "processing_error" } },
    false,
    1,
  ],
  ["charge.failed", { payment_intent: null, failure_code: "card_declined" }, true, 0],
  ["charge.failed", { payment_intent: null, failure_code: "processing_error" }, false, 1],
])("Stripe: %s with %j is a payment that worked: %s", async (type, object, worked, events) => {
  const { post, taken } = hookBed();
  const body = stripeEvent(type, object);
  expect((await post("stripe", body, signedByStripe(body))).status).toBe(200);
  expect(taken[0]?.trials.map((trial) => trial.ok)).toEqual([worked]);
  expect(taken[0]?.events).toHaveLength(events);
  expect(taken[0]?.delivery).toBe("evt_1");
});

test("Stripe: a charge of a payment intent counts once, by its intent; other types say nothing", async () => {
  const { post, taken } = hookBed();
  for (const body of [
    stripeEvent("charge.failed", { payment_intent: "pi_1", failure_code: "processing_error" }),
    stripeEvent("customer.created", {}),
  ])
    expect((await post("stripe", body, signedByStripe(body))).status).toBe(200);
  expect(taken).toEqual([]);
});

test("Sentry: alerts on events and metrics, and issues, each by its resource", async () => {
  const { post, taken } = hookBed();
  const send = (resource: string, id: string, body: object) => {
    const text = JSON.stringify(body);
    const headers = {
      "sentry-hook-resource": resource,
      "sentry-hook-timestamp": nowS,
      "sentry-hook-signature": hex(text),
      "request-id": id,
    };
    return post("sentry", text, headers);
  };
  const event = {
    event_id: "e1",
    title: "TypeError: x",
    level: "fatal",
    culprit: "checkout",
    datetime: "2026-09-21T14:00:00Z",
  };
  await send("event_alert", "r1", {
    action: "triggered",
    data: { event, triggered_rule: "Checkout broken" },
  });
  const metric_alert = { id: "1", alert_rule: { name: "p95 of checkout" } };
  await send("metric_alert", "r2", {
    action: "resolved",
    data: { metric_alert, description_title: "Resolved: p95" },
  });
  const issue = { id: "7", shortId: "SHOP-7", title: "Boom", level: "error", culprit: "pay" };
  await send("issue", "r3", { action: "created", data: { issue } });
  expect((await send("issue", "r4", { action: "assigned", data: { issue } })).text).toContain("not about");
  expect((await send("issue", "r5", { action: "created", data: {} })).status).toBe(400);
  expect(
    taken.flatMap((one) => one.events).map(({ subject, severity, over }) => [subject, severity, over]),
  ).toEqual([
    ["Checkout broken", "critical", undefined],
    ["p95 of checkout", undefined, true],
    ["SHOP-7", "error", undefined],
  ]);
  expect(taken.map((one) => one.delivery)).toEqual(["r1", "r2", "r3"]);
});

test("PagerDuty: its webhooks by signature", async () => {
  const { post, taken } = hookBed();
  const body = (type: string) =>
    JSON.stringify({
      event: {
        id: `01-${type}`,
        event_type: type,
        resource_type: "incident",
        occurred_at: "2026-09-21T14:00:00.000Z",
        agent: null,
        client: null,
        data: {
          id: "PGR0VU2",
          type: "incident",
          title: "Orders fail",
          urgency: "high",
          status: "triggered",
          service: { summary: "Shop" },
        },
      },
    });
  for (const type of ["incident.triggered", "incident.acknowledged", "incident.resolved"]) {
    const text = body(type);
    const headers = { "x-pagerduty-signature": `v1=${hex("older")},v1=${hex(text)}` };
    expect((await post("pagerduty", text, headers)).status).toBe(200);
  }
  expect(taken.map(({ delivery, events }) => [delivery, events[0]?.what, events[0]?.over])).toEqual([
    ["01-incident.triggered", "Orders fail", undefined],
    ["01-incident.resolved", "Orders fail", true],
  ]);
});

test("PagerDuty: tools that know only its Events API get its answer", async () => {
  const { post, taken } = hookBed();
  const trigger = JSON.stringify({
    routing_key: key,
    event_action: "trigger",
    dedup_key: "db/full",
    payload: {
      summary: "disk is full",
      source: "db-1",
      severity: "critical",
      timestamp: "2026-09-21T14:00:00Z",
    },
  });
  const answer = await post("pagerduty", trigger);
  expect([answer.status, JSON.parse(answer.text)]).toEqual([
    202,
    { status: "success", message: "Event processed", dedup_key: "db/full" },
  ]);
  await post(
    "pagerduty",
    JSON.stringify({ routing_key: key, event_action: "resolve", dedup_key: "db/full" }),
  );
  expect(taken.flatMap((one) => one.events).map(({ what, over }) => [what, over])).toEqual([
    ["disk is full", undefined],
    ["db/full is resolved", true],
  ]);
  expect((await post("pagerduty", trigger.replace(key, "guessed"))).status).toBe(401);
});

test("GitHub: the vector of its documentation, deployments, and secrets that were found", async () => {
  const documented = createHmac("sha256", "It's a Secret to Everybody").update("Hello, World!").digest("hex");
  expect(documented).toBe("757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
  const { post, taken } = hookBed();
  const send = (event: string, body: object) => {
    const text = JSON.stringify({ repository: { full_name: "acme/shop" }, ...body });
    return post("github", text, {
      "x-hub-signature-256": `sha256=${hex(text)}`,
      "x-github-event": event,
      "x-github-delivery": `72d3162e-${event}`,
    });
  };
  expect((await send("ping", { zen: "Keep it logically awesome." })).status).toBe(200);
  await send("deployment_status", {
    deployment_status: { state: "failure", environment: "production", updated_at: "2026-09-21T14:00:00Z" },
    deployment: { ref: "main", sha: "a".repeat(40), task: "deploy" },
  });
  await send("secret_scanning_alert", {
    action: "created",
    alert: { number: 4, secret_type: "stripe_api_key", created_at: "2026-09-21T14:00:00Z" },
  });
  expect(taken.flatMap((one) => one.events).map(({ kind, severity }) => [kind, severity])).toEqual([
    ["deploy", "error"],
    ["alert", "critical"],
  ]);
});

function signedBySlack(body: string, t = nowS): Record<string, string> {
  return { "x-slack-request-timestamp": t, "x-slack-signature": `v0=${hex(`v0:${t}:${body}`)}` };
}

test("Slack: the challenge is answered to who knows the secret, and a person's word is a report", async () => {
  const { post, taken } = hookBed();
  const challenge = JSON.stringify({ type: "url_verification", token: "old", challenge: "3eZbrw1aB" });
  expect(JSON.parse((await post("slack", challenge, signedBySlack(challenge))).text)).toEqual({
    challenge: "3eZbrw1aB",
  });
  const said = (event: object) =>
    JSON.stringify({
      type: "event_callback",
      team_id: "T1",
      event_id: "Ev1",
      event_time: 1_789_999_990,
      event,
    });
  const person = said({ type: "app_mention", user: "U1", text: "<@U0BOT> orders are gone", channel: "C1" });
  const bot = said({ type: "message", bot_id: "B1", text: "deployed", channel: "C1" });
  await post("slack", person, signedBySlack(person));
  await post("slack", bot, signedBySlack(bot));
  expect(taken.flatMap((one) => one.events)).toEqual([
    { at: 1_789_999_990_000, kind: "report", subject: "slack C1", what: "U1: orders are gone" },
  ]);
});

test("Slack: a slash command is a report, and is answered", async () => {
  const { post, taken } = hookBed();
  const body =
    "command=%2Flastgood&text=checkout+is+broken&user_name=mia&channel_name=oncall&trigger_id=13345224609.8534564800";
  const headers = { ...signedBySlack(body), "content-type": "application/x-www-form-urlencoded" };
  expect(JSON.parse((await post("slack", body, headers)).text)).toMatchObject({ response_type: "ephemeral" });
  expect(taken[0]?.events[0]?.what).toBe("mia: checkout is broken");
});

test("anything else: with a token, or signed as Standard Webhooks say", async () => {
  const raw = Buffer.from("0123456789abcdef");
  const { post, taken } = hookBed({ key: `whsec_${raw.toString("base64")}` });
  const body = JSON.stringify({ what: "queue is stuck", subject: "mail", severity: "warning" });
  const signature = createHmac("sha256", raw).update(`msg_1.${nowS}.${body}`).digest("base64");
  const headers = {
    "webhook-id": "msg_1",
    "webhook-timestamp": nowS,
    "webhook-signature": `v1,wrong v1,${signature}`,
  };
  expect((await post("generic", body, headers)).status).toBe(200);
  expect(taken[0]).toMatchObject({
    delivery: "msg_1",
    events: [{ at: now, kind: "alert", subject: "mail", what: "queue is stuck", severity: "warning" }],
  });
  const plain = hookBed();
  expect((await plain.post("generic", body, { authorization: `Bearer ${key}` })).status).toBe(200);
  expect((await plain.post("generic", '{"text": 1}', { authorization: `Bearer ${key}` })).status).toBe(400);
});

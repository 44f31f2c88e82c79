import { expect, test } from "vitest";
import { problem } from "../../../src/core/result.ts";
import { hookRoutes } from "../../../src/http/hooks/routes.ts";
import { hex, hookBed, key, now, nowS } from "./bed.ts";

const token = { authorization: `Bearer ${key}` };
const body = JSON.stringify({ what: "queue is stuck" });

test.each([
  ["alertmanager", {}],
  ["alertmanager", { authorization: "Bearer guessed" }],
  ["sentry", {}],
  ["sentry", { "sentry-hook-signature": hex("another body") }],
  ["stripe", {}],
  ["stripe", { "stripe-signature": `t=${nowS},v1=${hex(`${nowS}.another body`)}` }],
  ["stripe", { "stripe-signature": `t=${nowS}` }],
  ["pagerduty", {}],
  ["pagerduty", { "x-pagerduty-signature": `v1=${hex("another body")}` }],
  ["github", { "x-github-delivery": "1" }],
  ["github", { "x-github-delivery": "1", "x-hub-signature-256": `sha256=${hex("another body")}` }],
  ["github", { "x-hub-signature-256": `sha256=${hex(body)}` }],
  ["slack", {}],
  ["slack", { "x-slack-request-timestamp": nowS, "x-slack-signature": `v0=${hex(body)}` }],
  ["generic", {}],
  ["generic", { "webhook-id": "1", "webhook-timestamp": nowS, "webhook-signature": "v1,AAAA" }],
])("%s with %j is not believed, and nothing is taken", async (via, headers) => {
  const { post, taken } = hookBed();
  const answer = await post(via, body, headers);
  expect(answer.status).toBe(401);
  expect(answer.text).not.toContain(key);
  expect(taken).toEqual([]);
});

test.each([-301, 301])("a signature of %i s from now is not believed, however right", async (apartS) => {
  const { post } = hookBed();
  const t = String(now / 1_000 + apartS);
  const stripe = await post("stripe", body, { "stripe-signature": `t=${t},v1=${hex(`${t}.${body}`)}` });
  const signed = { "x-slack-request-timestamp": t, "x-slack-signature": `v0=${hex(`v0:${t}:${body}`)}` };
  const slack = await post("slack", body, signed);
  expect([stripe.status, slack.status]).toEqual([401, 401]);
  expect(stripe.text).toContain("301 s away");
});

test("the body is told from its bytes: another spelling of the same JSON is another body", async () => {
  const { post } = hookBed();
  const signature = { "x-github-delivery": "1", "x-hub-signature-256": `sha256=${hex(body)}` };
  expect((await post("github", body, signature)).status).toBe(200);
  expect((await post("github", body.replace(":", ": "), signature)).status).toBe(401);
});

test("a sender that nobody knows or listens to, a wrong method and a large body are told apart", async () => {
  const { post, routes } = hookBed();
  expect((await post("carrier-pigeon", body, token)).status).toBe(404);
  expect((await post("generic", "x".repeat(1024 * 1024 + 1), token)).status).toBe(413);
  expect((await routes.request("/generic")).status).toBe(405);
  const nobody = hookRoutes({ ways: () => [] }, () => now);
  const unheard = await nobody.request("/stripe", { method: "POST", body });
  expect([unheard.status, await unheard.text()]).toEqual([404, expect.stringContaining("signals: hooks:")]);
});

test("no JSON is told as that, and only to who knows the secret", async () => {
  const { post } = hookBed();
  expect((await post("generic", "{", token)).status).toBe(400);
  expect((await post("generic", Buffer.from([0xff, 0xfe]).toString("latin1"), token)).status).toBe(400);
  expect((await post("generic", "{")).status).toBe(401);
});

test("a delivery that was there before is answered well; one too many comes again later", async () => {
  const known = hookBed({ answer: "known" });
  expect(await known.post("generic", body, token)).toMatchObject({
    status: 200,
    text: '{"outcome":"known"}',
  });
  const full = hookBed({ answer: "full" });
  const answer = await full.post("generic", body, token);
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "30"]);
});

test("a secret that cannot be read is our trouble, and says nothing of where it is", async () => {
  const way = {
    env: "production",
    secret: async () => problem("missing", "there is no /etc/secret", "Write it."),
    take: () => "taken" as const,
  };
  const routes = hookRoutes({ ways: () => [way] }, () => now);
  const answer = await routes.request("/generic", { method: "POST", body, headers: token });
  expect([answer.status, await answer.text()]).toEqual([503, expect.not.stringContaining("/etc/secret")]);
});

test("words of strangers are one line, bounded, and cannot deceive a terminal", async () => {
  const { post, taken } = hookBed();
  const what = `\u001b[2Jall is well\u202e\nreally${"!".repeat(5_000)}`;
  await post("generic", JSON.stringify({ what }), token);
  const said = taken[0]?.events[0]?.what ?? "";
  expect(said).toMatch(/^\[2Jall is well really!+…$/);
  expect(said.length).toBeLessThanOrEqual(300);
});

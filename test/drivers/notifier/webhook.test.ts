import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { secret } from "../../../src/core/secret.ts";
import { webhookNotifier } from "../../../src/drivers/notifier/webhook.ts";
import { systemClock } from "../../../src/os/clock.ts";
import { httpClient } from "../../../src/os/http-client.ts";

const message = { key: "run-7/rolled-back", to: "#on-call", subject: "Rolled back", text: "v2 → v1 · „gut“" };
const clock = { ...systemClock(), now: () => 1_700_000_000_999 };

test("a message is one POST of JSON with its key, signed over time and body", async () => {
  const receiver = await receive(() => 204);
  expect(await notifier(receiver.url).send(message)).toEqual({ ok: true, value: undefined });
  const [got] = receiver.requests;
  expect(receiver.requests).toHaveLength(1);
  expect([got?.method, got?.path]).toEqual(["POST", "/hook/token-123?x=1"]);
  expect(JSON.parse(got?.body ?? "")).toEqual(message);
  expect(got?.headers["content-type"]).toBe("application/json");
  expect(got?.headers["idempotency-key"]).toBe(message.key);
  const code = createHmac("sha256", "s3cret").update(`1700000000.${got?.body}`).digest("hex");
  expect(got?.headers["x-lastgood-signature"]).toBe(`t=1700000000,v1=${code}`);
});

test("a second send has the same key and the same body", async () => {
  const receiver = await receive(() => 200);
  await notifier(receiver.url).send(message);
  await notifier(receiver.url).send(message);
  const [first, second] = receiver.requests;
  expect(second?.headers["idempotency-key"]).toBe(first?.headers["idempotency-key"]);
  expect(second?.body).toBe(first?.body);
});

test("without a secret there is no signature", async () => {
  const receiver = await receive(() => 200);
  const parts = { http: httpClient(), clock };
  expect(
    (await webhookNotifier({ name: "team", url: receiver.url, secret: null }, parts).send(message)).ok,
  ).toBe(true);
  expect(receiver.requests[0]?.headers["x-lastgood-signature"]).toBeUndefined();
});

test.each([
  [200, null],
  [201, null],
  [299, null],
  [301, "unreachable"],
  [302, "unreachable"],
  [304, "unreachable"],
  [400, "refused"],
  [401, "refused"],
  [404, "refused"],
  [408, "unreachable"],
  [410, "refused"],
  [429, "unreachable"],
  [500, "unreachable"],
  [503, "unreachable"],
] as const)("an answer of %i is judged as %s", async (status, code) => {
  const receiver = await receive(() => status);
  const sent = await notifier(receiver.url).send(message);
  expect(sent.ok ? null : sent.error.code).toBe(code);
});

test("a redirect is not followed, and says so", async () => {
  const elsewhere = await receive(() => 200);
  const receiver = await receive(() => 307, { location: elsewhere.url });
  const sent = await notifier(receiver.url).send(message);
  expect(sent).toMatchObject({ error: { code: "unreachable", what: expect.stringContaining("redirect") } });
  expect(elsewhere.requests).toEqual([]);
});

test("nobody there, a connection that is cut, and a receiver that never answers can all be tried again", async () => {
  const gone = await receive(() => 200);
  await gone.close();
  const cut = await receive(() => "cut");
  const mute = await receive(() => "mute");
  for (const { url } of [gone, cut, mute]) {
    const sent = await notifier(url, 200).send(message);
    expect(sent).toMatchObject({ ok: false, error: { code: "unreachable" } });
  }
});

test("an address that is none is refused for good", async () => {
  expect(await notifier("ftp://token-123").send(message)).toMatchObject({ error: { code: "refused" } });
});

test("neither secret nor address is in what is told of a failure", async () => {
  const gone = await receive(() => 200);
  await gone.close();
  const refusing = await receive(() => 403);
  for (const { url } of [gone, refusing]) {
    const told = JSON.stringify(await notifier(url).send(message));
    for (const hidden of ["s3cret", "token-123", "127.0.0.1"]) expect(told).not.toContain(hidden);
    expect(told).toContain("team");
  }
  expect(JSON.stringify(notifier(gone.url))).not.toContain("s3cret");
});

test("a key with anything in it stays one header", async () => {
  const receiver = await receive(() => 200);
  const key = "a\r\nX-Evil: 1 é \ud800";
  expect((await notifier(receiver.url).send({ ...message, key })).ok).toBe(true);
  expect(receiver.requests[0]?.headers["x-evil"]).toBeUndefined();
  expect(receiver.requests[0]?.headers["idempotency-key"]).toMatch(
    /^a%0D%0AX-Evil:%201%20%C3%A9%20%EF%BF%BD$/,
  );
});

function notifier(url: string, timeoutMs = 5_000) {
  const config = { name: "team", url, secret: secret("s3cret"), timeoutMs };
  return webhookNotifier(config, { http: httpClient(), clock });
}

type Got = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};

/** A real receiver on 127.0.0.1 that remembers what it got. */
async function receive(answer: () => number | "cut" | "mute", headers: Record<string, string> = {}) {
  const requests: Got[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    requests.push({ method: request.method ?? "", path: request.url ?? "", headers: request.headers, body });
    const status = answer();
    if (status === "cut") request.socket.destroy();
    else if (status !== "mute") response.writeHead(status, headers).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = async () => {
    if (!server.listening) return;
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  onTestFinished(close);
  const { port } = server.address() as AddressInfo;
  return { requests, close, url: `http://127.0.0.1:${port}/hook/token-123?x=1` };
}

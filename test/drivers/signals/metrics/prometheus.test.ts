import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { ok } from "../../../../src/core/result.ts";
import { secret } from "../../../../src/core/secret.ts";
import { prometheusSignals } from "../../../../src/drivers/signals/metrics/prometheus.ts";
import { systemClock } from "../../../../src/os/clock.ts";
import { httpClient } from "../../../../src/os/http-client.ts";
import { signalsContract } from "../../../../src/testing/contracts/signals.ts";
import { walk } from "../walk.ts";

/** As its documentation describes /api/v1/query. */
async function prometheus() {
  const said = { status: 200, body: vector("1") };
  const asked: { url: string; authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    asked.push({ url: request.url ?? "", authorization: request.headers.authorization });
    response.writeHead(said.status, { "content-type": "application/json" }).end(said.body);
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  onTestFinished(async () => {
    if (server.listening) await close();
  });
  const open = (query = { name: "queue", query: "max(queue)", limit: { above: 5 } }) =>
    prometheusSignals(
      {
        url: `http://127.0.0.1:${port}/prom/`,
        queries: [query],
        intervalMs: 100,
        token: async () => ok(secret("t0k")),
      },
      { http: httpClient(), clock: systemClock() },
    );
  return { said, asked, open, lose: close, giveBack: () => listen(port) };
}

function vector(...values: readonly string[]): string {
  const result = values.map((value, i) => ({ metric: { pod: `p${i}` }, value: [1_789_999_999.781, value] }));
  return JSON.stringify({ status: "success", data: { resultType: "vector", result } });
}

test.each(signalsContract.map((one) => [one.name, one] as const))("Prometheus: %s", async (_, one) => {
  const { said, open, lose, giveBack } = await prometheus();
  const happen = async () => {
    said.body = vector("9");
  };
  await one.run({ open, happen, loss: { lose, giveBack } });
});

test("it is asked by an instant query, below its path, with the token", async () => {
  const { asked, open } = await prometheus();
  const source = await walk(open());
  await source.until(() => source.readings.length > 0);
  expect(asked[0]).toEqual({ url: "/prom/api/v1/query?query=max%28queue%29", authorization: "Bearer t0k" });
});

test.each([
  ["the worst of several series", vector("1", "7", "3"), 7, false],
  [
    "a scalar",
    JSON.stringify({ status: "success", data: { resultType: "scalar", result: [1, "4"] } }),
    4,
    true,
  ],
  ["infinity", vector("+Inf"), Number.POSITIVE_INFINITY, false],
  ["a bad value beside one that is no number", vector("NaN", "7"), 7, false],
])("%s is a value", async (_, body, value, good) => {
  const { said, open } = await prometheus();
  said.body = body;
  const source = await walk(open());
  await source.until(() => source.readings.length > 0);
  expect(source.readings[0]).toMatchObject({ subject: "queue", value, ok: good });
  expect(source.blind()).toBeNull();
});

const error = { status: "error", errorType: "bad_data", error: "parse error: unexpected end" };
test.each([
  ["no series", 200, vector(), "finds no series"],
  ["NaN", 200, vector("NaN"), "gives NaN"],
  ["a good value beside NaN", 200, vector("1", "NaN"), "gives NaN"],
  ["a query that it does not understand", 400, JSON.stringify(error), "parse error"],
  [
    "a range",
    200,
    JSON.stringify({ status: "success", data: { resultType: "matrix", result: [] } }),
    "not a number",
  ],
  ["a token that it does not take", 401, "Unauthorized", "refuses us (401)"],
  ["a page of a proxy", 502, "<html>", "answered 502"],
])("%s is blind, and neither passes nor fails", async (_, status, body, why) => {
  const { said, open } = await prometheus();
  Object.assign(said, { status, body });
  const source = await walk(open());
  await source.until(() => source.blind() !== null);
  expect(source.blind()).toContain(why);
  expect([source.readings, source.events]).toEqual([[], []]);
});

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { type Dependency, dependencySignals } from "../../../../src/drivers/signals/dependency/dependency.ts";
import { systemClock } from "../../../../src/os/clock.ts";
import { canConnect } from "../../../../src/os/connect.ts";
import { httpClient } from "../../../../src/os/http-client.ts";
import { signalsContract } from "../../../../src/testing/contracts/signals.ts";
import { walk } from "../walk.ts";

const clock = systemClock();

async function provider() {
  const said = { status: 200 };
  const server = createServer((_, response) => response.writeHead(said.status).end());
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  onTestFinished(async () => {
    if (server.listening) await close();
  });
  return { said, port, close, listen: () => listen(port) };
}

function open(at: Dependency["at"], expected: readonly number[] = []) {
  const config = { name: "payments", at, expect: expected, intervalMs: 50, timeoutMs: 2_000 };
  return dependencySignals(config, { http: httpClient(), connect: canConnect, clock });
}

test.each(signalsContract.map((one) => [one.name, one] as const))("a dependency: %s", async (_, one) => {
  const { said, port } = await provider();
  const happen = async () => {
    said.status = 503;
  };
  await one.run({ open: () => open({ url: `http://127.0.0.1:${port}/ping` }), happen, loss: null });
});

test("an outage is told after three failures, its end after three answers, and each probe is an observation", async () => {
  const { port, close, listen } = await provider();
  const source = await walk(open({ url: `http://127.0.0.1:${port}/ping` }));
  await close();
  const failed: boolean[] = [];
  while (source.events.length === 0)
    failed.push(...(await source.look()).observations.map((seen) => seen.ok));
  expect(failed.slice(-3)).toEqual([false, false, false]);
  await listen();
  await source.until(() => source.events.length > 1);
  expect(source.events).toMatchObject([
    { kind: "dependency", subject: "payments", what: expect.stringContaining("nobody listens there") },
    { kind: "dependency", subject: "payments", over: true },
  ]);
  expect(source.blind()).toBeNull();
});

test.each([
  ["a page that wants a key is up", 401, [], true],
  ["an error of the server is not", 500, [], false],
  ["what the config expects counts", 204, [204], true],
  ["and nothing else", 200, [204], false],
])("%s", async (_, status, expected, well) => {
  const { said, port } = await provider();
  said.status = status;
  const source = open({ url: `http://127.0.0.1:${port}/ping` }, expected);
  const seen: unknown[] = [];
  const looking = await walk(source);
  while (seen.length === 0) seen.push(...(await looking.look()).observations);
  expect(seen[0]).toMatchObject({ release: "", client: "probe", route: "payments", ok: well, status });
});

test("an address is well while it takes connections", async () => {
  const { port, close } = await provider();
  const looking = await walk(open({ host: "127.0.0.1", port }));
  const seen: boolean[] = [];
  while (seen.length === 0) seen.push(...(await looking.look()).observations.map((one) => one.ok));
  expect(seen).toEqual([true]);
  await close();
  await looking.until(() => looking.events.length > 0);
  expect(looking.events[0]?.what).toContain("nobody listens there");
});

import { once } from "node:events";
import http from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ask, type Bed, backend, proxyBed, route, type TestBackend, until, value } from "./bed.ts";
import { echoServer, isOpen, type Ws, webSocket } from "./ws.ts";

let bed: Bed;
const open: TestBackend[] = [];

beforeEach(async () => {
  bed = await proxyBed();
});
afterEach(async () => {
  await bed.close();
  await Promise.all(open.splice(0).map((one) => one.close()));
});

async function app(name: string, handler?: http.RequestListener): Promise<TestBackend> {
  const made = await backend(name, handler);
  open.push(made);
  return made;
}

test("under concurrent keep-alive load switches lose nothing and take effect at once", {
  timeout: 60_000,
}, async () => {
  const apps = [await app("v1"), await app("v2")] as const;
  await bed.to(route(apps[0]));
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  const wrong: string[] = [];
  let answered = 0;
  let stop = false;
  // Which releases may answer a request that starts now: both while a change is under way.
  let allowed = ["v1"];

  async function client(): Promise<void> {
    while (!stop) {
      const mine = allowed;
      const startedBetween = mine.length === 1;
      const generation = changes;
      const answer = await ask(bed.url, { agent }).catch((error: Error) => ({
        status: 0,
        body: error.message,
      }));
      answered += 1;
      if (answer.status !== 200) wrong.push(`${answer.status} ${answer.body}`);
      // Started after a change had returned: only the new one, or a later one if that came meanwhile.
      else if (startedBetween && generation === changes && !mine.includes(answer.body))
        wrong.push(`stale ${answer.body}`);
    }
  }

  let changes = 0;
  const clients = Array.from({ length: 16 }, client);
  for (let i = 1; i <= 20; i += 1) {
    const before = answered;
    await until(() => answered >= before + 100);
    const next = apps[i % 2] ?? apps[0];
    changes += 1;
    allowed = ["v1", "v2"];
    await bed.to(route(next));
    changes += 1;
    allowed = [next.release.slice(0, 2)];
  }
  stop = true;
  await Promise.all(clients);
  agent.destroy();
  expect(wrong).toEqual([]);
  expect(answered).toBeGreaterThanOrEqual(2_000);
});

test("after a change no request reaches the former backend, also over client connections that were open", async () => {
  const [v1, v2] = [await app("v1"), await app("v2")];
  await bed.to(route(v1));
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
  await Promise.all(["/a", "/b", "/c", "/d"].map((path) => ask(bed.url + path, { agent })));
  await bed.to(route(v2));
  const before = v1.seen.length;
  await Promise.all(["/e", "/f", "/g", "/h"].map((path) => ask(bed.url + path, { agent })));
  expect(v1.seen).toHaveLength(before);
  expect(v2.seen.toSorted()).toEqual(["/e", "/f", "/g", "/h"]);
  agent.destroy();
});

test("a slow request finishes on the old backend, and counts as in flight there until then", async () => {
  let finish = (): void => undefined;
  const v1 = await app("v1", (_request, response) => {
    response.write("begun by v1, ");
    finish = () => response.end("ended by v1");
  });
  const v2 = await app("v2");
  await bed.to(route(v1));
  const slow = ask(`${bed.url}/slow`);
  await until(() => v1.seen.length === 1);
  await bed.to(route(v2));
  expect(value(await bed.traffic.inFlight(v1.instance))).toBe(1);
  expect((await ask(bed.url)).body).toBe("v2");
  finish();
  const answer = await slow;
  expect(answer.body).toBe("begun by v1, ended by v1");
  expect(answer.headers["x-lastgood-release"]).toBe("v1-release");
  await until(async () => value(await bed.traffic.inFlight(v1.instance)) === 0);
});

test("a switch closes the idle connections to the old backend, and the busy ones once they are idle", async () => {
  // Both sides would keep them for an hour.
  const keeping = await proxyBed({ tuning: { upstreamKeepAliveMs: 3_600_000 } });
  let finish = (): void => undefined;
  const answer: http.RequestListener = (request, response) => {
    if (request.url === "/slow") finish = () => response.end("slow");
    else response.end("v1");
  };
  const v1 = await backend("v1", answer, { keepAliveTimeout: 3_600_000 });
  open.push(v1);
  const v2 = await app("v2");
  try {
    await keeping.to(route(v1));
    const slow = ask(`${keeping.url}/slow`);
    await until(() => v1.seen.length === 1);
    await ask(keeping.url);
    expect(v1.sockets.size).toBe(2);
    await keeping.to(route(v2));
    await until(() => v1.sockets.size === 1);
    finish();
    expect((await slow).body).toBe("slow");
    await until(() => v1.sockets.size === 0);
  } finally {
    await keeping.close();
  }
});

test("going back to a backend that still has a request in flight works, with reused connections", async () => {
  let finish = (): void => undefined;
  const v1 = await app("v1", (request, response) => {
    if (request.url === "/slow") finish = () => response.end("slow");
    else response.end("v1");
  });
  const v2 = await app("v2");
  await bed.to(route(v1));
  const slow = ask(`${bed.url}/slow`);
  await until(() => v1.seen.length === 1);
  await bed.to(route(v2));
  await bed.to(route(v1));
  for (let i = 0; i < 5; i += 1) expect((await ask(bed.url)).body).toBe("v1");
  expect(v1.sockets.size).toBe(2);
  finish();
  expect((await slow).body).toBe("slow");
});

test("a websocket stays open over a switch, counts as in flight, and new ones go to the new backend", async () => {
  const [v1, v2] = [await app("v1"), await app("v2")];
  for (const one of [v1, v2]) echoServer(one.server, one.release);
  await bed.to(route(v1));
  const said = async (socket: Ws, text: string) => {
    socket.send(text);
    return String((await once(socket, "message"))[0]);
  };
  const old = webSocket(bed.url);
  const [upgrade] = (await once(old, "upgrade")) as [http.IncomingMessage];
  expect(upgrade.headers["x-lastgood-release"]).toBe("v1-release");
  if (!isOpen(old)) await once(old, "open");
  expect(await said(old, "one")).toBe("v1-release: one");
  await bed.to(route(v2));
  expect(value(await bed.traffic.inFlight(v1.instance))).toBe(1);
  expect(await said(old, "two")).toBe("v1-release: two");
  const fresh = webSocket(bed.url);
  await once(fresh, "open");
  expect(await said(fresh, "three")).toBe("v2-release: three");
  expect(await said(old, "x".repeat(1_000_000))).toHaveLength(1_000_012);
  old.close();
  await once(old, "close");
  await until(async () => value(await bed.traffic.inFlight(v1.instance)) === 0);
  await until(() => bed.logLines().filter((line) => line["status"] === 101).length === 2);
  fresh.terminate();
  await until(async () => value(await bed.traffic.inFlight(v2.instance)) === 0);
});

test("an upgrade that the app does not want is answered by the app", async () => {
  const v1 = await app("v1", (_request, response) => response.writeHead(426).end("no upgrades here"));
  await bed.to(route(v1));
  const socket = webSocket(bed.url);
  const [, response] = (await once(socket, "unexpected-response")) as [unknown, http.IncomingMessage];
  expect(response.statusCode).toBe(426);
  expect(response.headers["x-lastgood-release"]).toBe("v1-release");
  let body = "";
  for await (const part of response) body += part;
  expect(body).toBe("no upgrades here");
  await until(async () => value(await bed.traffic.inFlight(v1.instance)) === 0);
});

test("an offer of h2c is not passed on: the request is answered as the plain one that it is", async () => {
  const v1 = await app("v1", (request, response) => response.end(String(request.headers.upgrade)));
  v1.server.on("upgrade", () => expect.unreachable("h2c must not reach the app"));
  await bed.to(route(v1));
  const headers = { connection: "upgrade, http2-settings", upgrade: "h2c", "http2-settings": "AAMAAABk" };
  expect((await ask(bed.url, { headers })).body).toBe("undefined");
});

import { once } from "node:events";
import http from "node:http";
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type Answer, ask, type Bed, backend, proxyBed, route, type TestBackend, until } from "./bed.ts";
import { echoServer, webSocket } from "./ws.ts";

let bed: Bed;
const open: TestBackend[] = [];

afterEach(async () => {
  await bed.close();
  await Promise.all(open.splice(0).map((one) => one.close()));
});

async function app(name: string): Promise<TestBackend> {
  const made = await backend(name, (request, response) => {
    request.resume();
    request.on("end", () => response.end(name));
  });
  open.push(made);
  return made;
}

async function waiting(count: number): Promise<void> {
  await until(async () => (await bed.stats())["waiting"] === count);
}

/** One after the other, so that their order at the gate is known. */
async function askInOrder(count: number, method = "GET"): Promise<Promise<Answer>[]> {
  const asked: Promise<Answer>[] = [];
  for (let i = 0; i < count; i += 1) {
    asked.push(ask(`${bed.url}/${i}`, { method }, method === "POST" ? "body" : undefined));
    await waiting(i + 1);
  }
  return asked;
}

test("held requests are released in order, to the backend of the moment of release", async () => {
  bed = await proxyBed();
  const [v1, v2] = [await app("v1"), await app("v2")];
  await bed.to(route(v1));
  await bed.to(route(v1), true);
  const asked = await askInOrder(40);
  await bed.to(route(v2), false);
  for (const answer of await Promise.all(asked)) expect([answer.status, answer.body]).toEqual([200, "v2"]);
  expect(v1.seen).toEqual([]);
  expect(v2.seen).toEqual(Array.from({ length: 40 }, (_, i) => `/${i}`));
});

test("held uploads keep their bodies", async () => {
  bed = await proxyBed();
  const v1 = await app("v1");
  await bed.to(route(v1), true);
  const asked = await askInOrder(3, "POST");
  await bed.to(route(v1), false);
  for (const answer of await Promise.all(asked)) expect([answer.status, answer.body]).toEqual([200, "v1"]);
});

test("more than a listen backlog of held requests are all served", { timeout: 60_000 }, async () => {
  bed = await proxyBed();
  const v1 = await app("v1");
  await bed.to(route(v1), true);
  const asked = Array.from({ length: 1_500 }, (_, i) => ask(`${bed.url}/${i}`));
  await waiting(1_500);
  await bed.to(route(v1), false);
  const statuses = (await Promise.all(asked)).map((answer) => answer.status);
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(v1.seen).toHaveLength(1_500);
});

test("beyond the queue's length a request is told to come back, and those in the line are not touched", async () => {
  bed = await proxyBed({ tuning: { holdRequests: 2 } });
  const v1 = await app("v1");
  await bed.to(route(v1), true);
  const asked = await askInOrder(2);
  const refused = await ask(bed.url);
  expect([refused.status, refused.headers["x-lastgood-release"]]).toEqual([503, undefined]);
  expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  await bed.to(route(v1), false);
  for (const answer of await Promise.all(asked)) expect(answer.status).toBe(200);
});

test("a request that waited too long is told to come back", async () => {
  bed = await proxyBed({ tuning: { holdMs: 50 } });
  const v1 = await app("v1");
  await bed.to(route(v1), true);
  const answer = await ask(bed.url);
  expect(answer.status).toBe(503);
  expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
  await bed.to(route(v1), false);
  expect(v1.seen).toEqual([]);
  expect((await ask(bed.url)).status).toBe(200);
});

test("a client that gives up while it waits leaves the line and never reaches the app", async () => {
  bed = await proxyBed();
  const v1 = await app("v1");
  await bed.to(route(v1), true);
  const gone = http.get(`${bed.url}/gone`, { agent: false });
  gone.on("error", () => undefined);
  await waiting(1);
  const stays = ask(`${bed.url}/stays`);
  await waiting(2);
  gone.destroy();
  await waiting(1);
  await bed.to(route(v1), false);
  expect((await stays).status).toBe(200);
  expect(v1.seen).toEqual(["/stays"]);
  await until(() => bed.logLines().length === 2);
  const line = bed.logLines().find((one) => one["route"] === "/gone");
  expect(line).toMatchObject({ status: 499, aborted: true });
  expect(line).not.toHaveProperty("release");
});

test("a held route without a backend answers 503 once it is released", async () => {
  bed = await proxyBed();
  await bed.to(null, true);
  const asked = ask(bed.url);
  await waiting(1);
  await bed.to(null, false);
  expect((await asked).status).toBe(503);
});

test("websockets are held too, with what they sent meanwhile", async () => {
  bed = await proxyBed();
  const [v1, v2] = [await app("v1"), await app("v2")];
  echoServer(v2.server, "v2");
  await bed.to(route(v1), true);
  const socket = webSocket(bed.url);
  await waiting(1);
  await bed.to(route(v2), false);
  await once(socket, "open");
  socket.send("hi");
  expect(String((await once(socket, "message"))[0])).toBe("v2: hi");
  socket.terminate();
});

test("a websocket client that gives up while it waits leaves the line", async () => {
  bed = await proxyBed();
  const v1 = await app("v1");
  v1.server.on("upgrade", () => expect.unreachable("it gave up before"));
  await bed.to(route(v1), true);
  for (const end of ["destroy", "end"] as const) {
    const socket = connect(bed.port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    await waiting(1);
    socket[end]();
    await waiting(0);
  }
  await bed.to(route(v1), false);
});

test("the hold survives a kill of the proxy", async () => {
  bed = await proxyBed();
  const v1 = await app("v1");
  const held = await bed.to(route(v1), true);
  for (const pid of await bed.pids()) process.kill(pid, "SIGKILL");
  await until(async () => (await bed.pids()).length === 0);
  expect(await bed.traffic.ensure()).toEqual({ ok: true, value: undefined });
  expect(await bed.traffic.now()).toEqual({ ok: true, value: held });
  const asked = ask(bed.url);
  await waiting(1);
  await bed.to(route(v1), false);
  expect((await asked).body).toBe("v1");
});

import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import {
  ask,
  type Bed,
  backend,
  deps,
  proxyBed,
  rawBackend,
  route,
  type TestBackend,
  tempDir,
  until,
  value,
} from "./bed.ts";

let bed: Bed;
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  bed = await proxyBed();
});
afterAll(() => bed.close());
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

async function app(handler?: http.RequestListener, options?: http.ServerOptions): Promise<TestBackend> {
  const made = await backend("app", handler, options);
  open.push(made);
  await bed.to(route(made));
  return made;
}

async function rawApp(onSocket: (socket: Socket) => void): Promise<void> {
  const made = await rawBackend(onSocket);
  open.push(made);
  await bed.to(route(made));
}

/** Sends bytes and reads until the proxy ends the connection. */
async function raw(bytes: string | Buffer): Promise<string> {
  const socket = connect(bed.port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write(bytes);
  let text = "";
  socket.on("data", (piece) => {
    text += piece.toString("latin1");
  });
  await once(socket, "close");
  return text;
}

async function newestLine(path: string): Promise<Record<string, unknown>> {
  const find = () => bed.logLines().findLast((line) => line["route"] === path);
  await until(() => find() !== undefined);
  return find() ?? {};
}

test("without a backend the answer is a short 503 of nobody's", async () => {
  await bed.to(null);
  const answer = await ask(`${bed.url}/nobody`);
  expect(answer.status).toBe(503);
  expect(answer.headers["x-lastgood-release"]).toBeUndefined();
  expect(answer.body.length).toBeLessThan(100);
  const line = await newestLine("/nobody");
  expect(line).toMatchObject({ status: 503, by: "edge", why: "no-backend" });
  expect(line).not.toHaveProperty("release");
});

test("an app that refuses connections gives 502 made by the edge, in the name of its release", async () => {
  const port = await deps.processes.freePort();
  await bed.to({ release: "dead", instance: "dead-1", url: `http://127.0.0.1:${port}` });
  const answer = await ask(`${bed.url}/refused`);
  expect([answer.status, answer.headers["x-lastgood-release"]]).toEqual([502, "dead"]);
  expect(await newestLine("/refused")).toMatchObject({
    status: 502,
    by: "edge",
    why: "refused",
    release: "dead",
  });
  expect(value(await bed.traffic.inFlight("dead-1"))).toBe(0);
});

test.each([
  ["closes without a word", "reset", (socket: Socket) => socket.once("data", () => socket.destroy())],
  ["resets", "reset", (socket: Socket) => socket.once("data", () => socket.resetAndDestroy())],
  [
    "closes in the middle of the head",
    "reset",
    (socket: Socket) => socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nx:")),
  ],
  [
    "says something else than HTTP",
    "bad-answer",
    (socket: Socket) => socket.once("data", () => socket.end("hello?\r\n\r\n")),
  ],
  [
    "repeats its length differently",
    "bad-answer",
    (socket: Socket) =>
      socket.once("data", () =>
        socket.end("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx"),
      ),
  ],
])("an app that %s gives 502 (%s)", async (what, why, behave) => {
  await rawApp(behave);
  const path = `/${what.replaceAll(" ", "-")}`;
  expect((await ask(bed.url + path)).status).toBe(502);
  expect(await newestLine(path)).toMatchObject({ status: 502, by: "edge", why, release: "raw-release" });
});

test("an answer that the app does not finish is cut for the client too, and is the app's error", async () => {
  await rawApp((socket) =>
    socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nonly this")),
  );
  await expect(ask(`${bed.url}/cut`)).rejects.toThrow();
  const line = await newestLine("/cut");
  expect(line).toMatchObject({ status: 200, by: "app", why: "cut" });
  expect(line).not.toHaveProperty("aborted");
});

test("the app's own error status is the app's", async () => {
  await app((_request, response) => response.writeHead(500).end("oops"));
  expect((await ask(`${bed.url}/own`)).body).toBe("oops");
  const line = await newestLine("/own");
  expect(line).toMatchObject({ status: 500, by: "app" });
  expect(line).not.toHaveProperty("why");
});

test("an app that stays silent too long gives 504, and a client that does gives 408", async () => {
  const quick = await proxyBed({ tuning: { idleMs: 100 } });
  try {
    const silent = await backend("silent", (request) => request.resume());
    open.push(silent);
    await quick.to(route(silent));
    expect((await ask(quick.url)).status).toBe(504);
    const upload = http.request(quick.url, {
      method: "POST",
      agent: false,
      headers: { "content-length": "10" },
    });
    upload.write("x");
    const [response] = (await once(upload, "response")) as [http.IncomingMessage];
    expect(response.statusCode).toBe(408);
    upload.destroy();
  } finally {
    await quick.close();
  }
});

test("a client that goes away is noticed by the app, leaves nothing in flight, and is no error", async () => {
  let gone = (): void => undefined;
  const noticed = new Promise<void>((resolve) => {
    gone = resolve;
  });
  const made = await app((_request, response) => response.once("close", gone));
  const request = http.get(`${bed.url}/leaves`, { agent: false });
  request.on("error", () => undefined);
  await until(() => made.seen.length === 1);
  request.destroy();
  await noticed;
  await until(async () => value(await bed.traffic.inFlight(made.instance)) === 0);
  const line = await newestLine("/leaves");
  expect(line).toMatchObject({ status: 499, aborted: true, release: "app-release" });
  expect(line).not.toHaveProperty("by");
});

test("many clients that abort uploads and downloads at any point leave a proxy that serves", async () => {
  const made = await app((request, response) => {
    request.on("error", () => undefined);
    response.on("error", () => undefined);
    request.resume();
    response.write("x".repeat(100_000));
    request.on("end", () => response.end());
  });
  for (let i = 0; i < 100; i += 1) {
    const request = http.request(`${bed.url}/abort`, { method: "POST", agent: false });
    request.on("error", () => undefined);
    request.on("response", (response) => {
      response.on("error", () => undefined);
      response.once("data", () => i % 2 === 0 && request.destroy());
    });
    request.write("y".repeat(1_000 * i));
    if (i % 3 === 0) setImmediate(() => request.destroy());
    else if (i % 2 === 1) request.end();
  }
  expect((await bed.stats())["uncaught"]).toBe(0);
  await until(async () => value(await bed.traffic.inFlight(made.instance)) === 0);
});

test.each([
  ["no HTTP at all", "hello\r\n\r\n"],
  ["a TLS greeting", Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03])],
  ["zero bytes", Buffer.alloc(100)],
  ["a bad header name", "GET / HTTP/1.1\r\nhost: x\r\nbad name: 1\r\n\r\n"],
  ["a header without a name", "GET / HTTP/1.1\r\nhost: x\r\n: 1\r\n\r\n"],
  ["a bare line feed", "GET / HTTP/1.1\nhost: x\n\n"],
  ["no Host", "GET / HTTP/1.1\r\nx: y\r\n\r\n"],
  ["two Hosts", "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n"],
  ["a length that is no number", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: x\r\n\r\n"],
  ["two lengths", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"],
  [
    "a length and chunks",
    "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
  ],
  ["an obsolete folded header", "GET / HTTP/1.1\r\nhost: x\r\na: b\r\n c\r\n\r\n"],
  ["a huge head", `GET / HTTP/1.1\r\nhost: x\r\na: ${"b".repeat(70_000)}\r\n\r\n`],
  [
    "another coding than chunked",
    "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\nconnection: close\r\n\r\n0\r\n\r\n",
  ],
  ["a tunnel to somewhere", "CONNECT example.org:443 HTTP/1.1\r\nhost: example.org\r\n\r\n"],
])("%s never reaches the app, is answered or cut, and the proxy serves on", async (_what, bytes) => {
  const made = await app();
  const text = await raw(bytes);
  expect(text === "" || /^HTTP\/1\.1 (4\d\d|501) /.test(text)).toBe(true);
  expect(text.match(/HTTP\/1\.1/g)?.length ?? 0).toBeLessThanOrEqual(1);
  expect(made.seen).toEqual([]);
  expect((await ask(bed.url)).status).toBe(200);
  expect((await bed.stats())["uncaught"]).toBe(0);
});

test("a Connection list can't take the length of a body away from the app", async () => {
  const made = await app((request, response) => {
    let body = "";
    request.on("data", (piece) => {
      body += piece;
    });
    request.on("end", () => response.end(body));
  });
  const smuggled = "GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n";
  const head = `POST /outer HTTP/1.1\r\nhost: x\r\nconnection: close, content-length, host\r\ncontent-length: ${smuggled.length}\r\n\r\n`;
  expect(await raw(head + smuggled)).toContain("GET /smuggled");
  expect(made.seen).toEqual(["/outer"]);
});

test("a body that turns out malformed reaches the app as an aborted one, never as a whole one", async () => {
  const ended: string[] = [];
  const made = await app((request) => {
    request.on("error", () => undefined);
    request.on("end", () => ended.push("whole"));
    request.on("close", () => ended.push("closed"));
    request.resume();
  });
  const socket = connect(bed.port, "127.0.0.1");
  let text = "";
  socket.on("data", (piece) => {
    text += piece;
  });
  socket.write("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n");
  await until(() => made.seen.length === 1);
  socket.write("zz\r\n");
  await once(socket, "close");
  expect(text).toMatch(/^HTTP\/1\.1 400 /);
  await until(() => ended.length > 0);
  expect(ended).toEqual(["closed"]);
  expect((await bed.stats())["uncaught"]).toBe(0);
});

test("an exception that nobody expected is told and counted, and the proxy serves on", async () => {
  const dir = tempDir();
  const trigger = join(dir, "now");
  const preload = join(dir, "preload.mjs");
  writeFileSync(
    preload,
    `import { existsSync } from "node:fs";
     const watch = setInterval(() => {
       if (!existsSync(${JSON.stringify(trigger)})) return;
       clearInterval(watch);
       Promise.reject(new Error("boom 1"));
       throw new Error("boom 2");
     }, 10);`,
  );
  const shaken = await proxyBed({ env: { NODE_OPTIONS: `--import ${preload}` } });
  try {
    const made = await backend("app");
    open.push(made);
    await shaken.to(route(made));
    writeFileSync(trigger, "");
    await until(async () => (await shaken.stats())["uncaught"] === 2);
    expect((await ask(shaken.url)).body).toBe("app");
    const log = readFileSync(join(shaken.stateDir, "proxy.log"), "utf8");
    expect(log).toMatch(/"event":"uncaught".*boom 1/);
    expect(log).toMatch(/"event":"uncaught".*boom 2/);
  } finally {
    await shaken.close();
    rmSync(dir, { recursive: true, force: true });
  }
});

test("a hold may be longer than the silence that an app is allowed", async () => {
  const holding = await proxyBed({ tuning: { idleMs: 50 } });
  try {
    const made = await backend("app");
    open.push(made);
    await holding.to(route(made), true);
    const asked = ask(holding.url);
    await until(async () => (await holding.stats())["waiting"] === 1);
    await new Promise((resolve) => setTimeout(resolve, 150));
    await holding.to(route(made), false);
    expect((await asked).status).toBe(200);
  } finally {
    await holding.close();
  }
});

import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { ask, type Bed, backend, proxyBed, route, type TestBackend, until } from "./bed.ts";

let bed: Bed;
let app: TestBackend;

beforeAll(async () => {
  bed = await proxyBed();
});
afterAll(() => bed.close());
afterEach(() => app.close());

async function serveWith(handler: http.RequestListener): Promise<void> {
  app = await backend("app", handler);
  await bed.to(route(app));
}

function listOf(raw: readonly string[], name: string): string[] {
  return raw.filter((_, i) => i % 2 === 1 && raw[i - 1]?.toLowerCase() === name);
}

/** Sends bytes as they are and reads until the connection ends. */
async function raw(bytes: string | Buffer): Promise<string> {
  const socket = connect(bed.port, "127.0.0.1");
  socket.write(bytes);
  let text = "";
  socket.on("data", (piece) => {
    text += piece.toString("latin1");
  });
  await once(socket, "close");
  return text;
}

/** What the app was asked, as the answer. */
const echo: http.RequestListener = (request, response) => {
  const { method, url, rawHeaders } = request;
  let body = "";
  request.on("data", (piece) => {
    body += piece;
  });
  request.on("end", () =>
    response.end(JSON.stringify({ method, url, rawHeaders, body, trailers: request.trailers })),
  );
};

test("a request reaches the app as it was sent, with forwarding fields and without connection fields", async () => {
  await serveWith(echo);
  const answer = await ask(`${bed.url}/a%20b?q=1&r=%2F`, {
    method: "GET",
    headers: {
      host: "shop.example",
      "x-custom": "1",
      cookie: "a=b",
      connection: "keep-alive, x-secret-hop",
      "x-secret-hop": "1",
      "keep-alive": "timeout=9",
      "proxy-authorization": "x",
      te: "trailers, deflate",
    },
  });
  const seen = JSON.parse(answer.body);
  expect(seen.url).toBe("/a%20b?q=1&r=%2F");
  const names = seen.rawHeaders
    .filter((_: string, i: number) => i % 2 === 0)
    .map((name: string) => name.toLowerCase());
  expect(names.sort()).toEqual(
    [
      "connection",
      "cookie",
      "host",
      "te",
      "x-custom",
      "x-forwarded-for",
      "x-forwarded-host",
      "x-forwarded-proto",
    ].sort(),
  );
  expect(listOf(seen.rawHeaders, "host")).toEqual(["shop.example"]);
  expect(listOf(seen.rawHeaders, "te")).toEqual(["trailers"]);
  expect(listOf(seen.rawHeaders, "connection")).toEqual(["keep-alive"]);
  expect(listOf(seen.rawHeaders, "x-forwarded-for")).toEqual(["127.0.0.1"]);
  expect(listOf(seen.rawHeaders, "x-forwarded-proto")).toEqual(["http"]);
  expect(listOf(seen.rawHeaders, "x-forwarded-host")).toEqual(["shop.example"]);
});

test("a proxy on the same host is believed what it says of the client", async () => {
  await serveWith(echo);
  const answer = await ask(bed.url, {
    headers: {
      "x-forwarded-for": "203.0.113.9",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "shop.example",
    },
  });
  const { rawHeaders } = JSON.parse(answer.body);
  expect(listOf(rawHeaders, "x-forwarded-for")).toEqual(["203.0.113.9, 127.0.0.1"]);
  expect(listOf(rawHeaders, "x-forwarded-proto")).toEqual(["https"]);
  expect(listOf(rawHeaders, "x-forwarded-host")).toEqual(["shop.example"]);
});

test("the release header comes from the edge and an app's own one is removed", async () => {
  await serveWith((_request, response) => {
    response.setHeader("X-Lastgood-Release", "forged");
    response.end();
  });
  const answer = await ask(bed.url);
  expect(listOf(answer.rawHeaders, "x-lastgood-release")).toEqual(["app-release"]);
});

test("what an app says of its flags is for the log, not for users", async () => {
  await serveWith((_request, response) => {
    response.setHeader("Lastgood-Flags", "new-checkout=on; search=b");
    response.end();
  });
  const answer = await ask(bed.url);
  expect(listOf(answer.rawHeaders, "lastgood-flags")).toEqual([]);
  await until(() => bed.logLines().some((line) => line["flags"] === "new-checkout=on; search=b"));
});

test("repeated answer fields stay apart and connection fields of the app are dropped", async () => {
  await serveWith((_request, response) => {
    response.writeHead(201, "Made", [
      "Set-Cookie",
      "a=1",
      "Set-Cookie",
      "b=2",
      "Connection",
      "x-hop",
      "X-Hop",
      "1",
      "ETag",
      "W/1",
    ]);
    response.end("x");
  });
  const answer = await ask(bed.url, { agent: new http.Agent({ keepAlive: true, maxFreeSockets: 0 }) });
  expect(answer.status).toBe(201);
  expect(listOf(answer.rawHeaders, "set-cookie")).toEqual(["a=1", "b=2"]);
  expect(listOf(answer.rawHeaders, "etag")).toEqual(["W/1"]);
  expect(listOf(answer.rawHeaders, "x-hop")).toEqual([]);
  expect(listOf(answer.rawHeaders, "date")).toHaveLength(1);
});

test("HEAD, 204 and 304 carry their fields and no body", async () => {
  await serveWith((request, response) => {
    const status = Number(request.url?.slice(1)) || 200;
    response.writeHead(status, status === 204 ? {} : { "content-length": "5", etag: "x" });
    response.end(request.method === "HEAD" || status !== 200 ? undefined : "hello");
  });
  // One connection for all: a wrong body would shift every following answer.
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const head = await ask(`${bed.url}/200`, { agent, method: "HEAD" });
  expect([head.status, head.headers["content-length"], head.body]).toEqual([200, "5", ""]);
  const empty = await ask(`${bed.url}/204`, { agent });
  expect([empty.status, empty.headers["transfer-encoding"], empty.body]).toEqual([204, undefined, ""]);
  const unchanged = await ask(`${bed.url}/304`, { agent });
  expect([unchanged.status, unchanged.headers.etag, unchanged.body]).toEqual([304, "x", ""]);
  expect((await ask(`${bed.url}/200`, { agent })).body).toBe("hello");
  agent.destroy();
});

test("trailers pass in both directions", async () => {
  await serveWith((request, response) => {
    request.resume();
    request.on("end", () => {
      response.writeHead(200, { trailer: "x-sum" });
      response.write(`got ${request.trailers["x-check"]}`);
      response.addTrailers({ "x-sum": "42" });
      response.end();
    });
  });
  const answer = await new Promise<{ body: string; sum: string | undefined }>((resolve, reject) => {
    const headers = { trailer: "x-check", "transfer-encoding": "chunked" };
    const request = http.request(bed.url, { method: "POST", agent: false, headers }, (response) => {
      let body = "";
      response.on("data", (piece) => {
        body += piece;
      });
      response.on("end", () => resolve({ body, sum: response.trailers["x-sum"] }));
    });
    request.on("error", reject);
    request.write("body");
    request.addTrailers({ "x-check": "7" });
    request.end();
  });
  expect(answer).toEqual({ body: "got 7", sum: "42" });
});

test("with Expect: 100-continue the app decides, and the body follows its word", async () => {
  const events: string[] = [];
  await serveWith(() => expect.unreachable("no plain request was made"));
  app.server.on("checkContinue", (request: http.IncomingMessage, response: http.ServerResponse) => {
    events.push("app asked");
    response.writeContinue();
    request.on("data", () => events.push("body"));
    request.on("end", () => response.end("thanks"));
  });
  const request = http.request(bed.url, {
    method: "PUT",
    agent: false,
    headers: { expect: "100-continue", "content-length": "4" },
  });
  request.on("continue", () => {
    events.push("continue");
    request.end("data");
  });
  request.flushHeaders();
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  expect(response.statusCode).toBe(200);
  expect(events).toEqual(["app asked", "continue", "body"]);
  response.resume();
});

test("an app that refuses an expected body ends the exchange and the connection", async () => {
  await serveWith(() => expect.unreachable("no plain request was made"));
  app.server.on("checkContinue", (_request: http.IncomingMessage, response: http.ServerResponse) => {
    response.writeHead(413, { "content-length": 0 });
    response.end();
  });
  const text = await raw("PUT / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n");
  expect(text).toMatch(/^HTTP\/1\.1 413 /);
  expect(text).toMatch(/connection: close/i);
});

test("20 MB stream through in both directions unharmed", { timeout: 60_000 }, async () => {
  await serveWith((request, response) => request.pipe(response));
  const piece = randomBytes(1024 * 1024);
  const [sent, got] = [createHash("sha256"), createHash("sha256")];
  const request = http.request(bed.url, { method: "POST", agent: false });
  const answered = once(request, "response");
  const write = async () => {
    for (let i = 0; i < 20; i += 1) {
      sent.update(piece);
      if (!request.write(piece)) await once(request, "drain");
    }
    request.end();
  };
  const writing = write();
  const [response] = (await answered) as [http.IncomingMessage];
  let size = 0;
  for await (const part of response) {
    size += part.length;
    got.update(part);
  }
  await writing;
  expect(size).toBe(20 * piece.length);
  expect(got.digest("hex")).toBe(sent.digest("hex"));
});

test("a client that reads slowly holds the app back instead of filling the proxy", {
  timeout: 60_000,
}, async () => {
  const total = 64 * 1024 * 1024;
  let written = 0;
  let blocked = 0;
  await serveWith((_request, response) => {
    const piece = Buffer.alloc(256 * 1024);
    const more = () => {
      while (written < total) {
        written += piece.length;
        if (!response.write(piece)) {
          blocked = written;
          response.once("drain", more);
          return;
        }
      }
      response.end();
    };
    more();
  });
  const request = http.get(bed.url, { agent: false });
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  response.pause();
  // Nothing is read: what the app can write comes to rest at the sizes of the buffers in between.
  let before = -1;
  while (blocked !== before) {
    before = blocked;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  expect(written).toBeLessThan(total / 2);
  let size = 0;
  for await (const part of response) size += part.length;
  expect(size).toBe(total);
});

test("the head of an event stream arrives before its first event", async () => {
  let send = (): void => undefined;
  await serveWith((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
    send = () => response.end("data: 1\n\n");
  });
  const request = http.get(bed.url, { agent: false });
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  expect(response.headers["content-type"]).toBe("text/event-stream");
  send();
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part);
  expect(Buffer.concat(parts).toString()).toBe("data: 1\n\n");
});

test("the head of a request arrives at the app before its body", async () => {
  let head = (): void => undefined;
  const arrived = new Promise<void>((resolve) => {
    head = resolve;
  });
  await serveWith((request, response) => {
    head();
    request.pipe(response);
  });
  const request = http.request(bed.url, { method: "POST", agent: false });
  request.flushHeaders();
  await arrived;
  request.end("late");
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part);
  expect(Buffer.concat(parts).toString()).toBe("late");
});

test.each([
  ["POST", undefined, {}, "0", undefined],
  ["GET", undefined, {}, undefined, undefined],
  ["DELETE", "gone", { "content-length": "4" }, "4", undefined],
  ["GET", "body", { "transfer-encoding": "chunked" }, undefined, "chunked"],
  ["POST", "body", { "transfer-encoding": "chunked" }, undefined, "chunked"],
])("%s with body %s and %j keeps its framing", async (method, body, headers, length, coding) => {
  await serveWith(echo);
  const answer = await ask(bed.url, { method, headers }, body);
  const seen = JSON.parse(answer.body);
  expect(seen.body).toBe(body ?? "");
  expect(listOf(seen.rawHeaders, "content-length")).toEqual(length === undefined ? [] : [length]);
  expect(listOf(seen.rawHeaders, "transfer-encoding")).toEqual(coding === undefined ? [] : [coding]);
});

test("an answer that comes before the upload is over reaches the client, and its connection stays usable", async () => {
  await serveWith((request, response) => {
    if (request.url === "/up") response.writeHead(413, { "content-length": "3" }).end("too");
    else response.end("next");
  });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  for (let i = 0; i < 20; i += 1) {
    const big = await ask(`${bed.url}/up`, { agent, method: "POST" }, Buffer.alloc(4 * 1024 * 1024));
    expect([big.status, big.body]).toEqual([413, "too"]);
    expect((await ask(`${bed.url}/next`, { agent })).body).toBe("next");
  }
  agent.destroy();
});

test("an HTTP/1.0 client gets a whole answer without chunks", async () => {
  await serveWith((_request, response) => {
    response.write("one ");
    response.end("two");
  });
  const text = await raw("GET / HTTP/1.0\r\n\r\n");
  expect(text).toMatch(/^HTTP\/1\.1 200 /);
  expect(text).not.toMatch(/transfer-encoding/i);
  expect(text.endsWith("one two")).toBe(true);
});

test("an absolute request target becomes a path, and its authority the Host", async () => {
  await serveWith(echo);
  const text = await raw(
    "GET http://real.example/p?x=1 HTTP/1.1\r\nhost: other\r\nconnection: close\r\n\r\n",
  );
  const seen = JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1));
  expect(seen.url).toBe("/p?x=1");
  expect(listOf(seen.rawHeaders, "host")).toEqual(["real.example"]);
});

test("pipelined requests are answered in order", async () => {
  await serveWith((request, response) => {
    const delay = request.url === "/1" ? 30 : 0;
    setTimeout(() => response.end(`<${request.url}>`), delay);
  });
  const one = (path: string, close = "") => `GET ${path} HTTP/1.1\r\nhost: x\r\n${close}\r\n`;
  const text = await raw(one("/1") + one("/2") + one("/3", "connection: close\r\n"));
  expect([...text.matchAll(/<(\/\d)>/g)].map((match) => match[1])).toEqual(["/1", "/2", "/3"]);
});

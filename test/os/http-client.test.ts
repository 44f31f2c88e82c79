import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { httpClient } from "../../src/os/http-client.ts";
import { localProcesses } from "../../src/os/processes.ts";
import { tempFolder } from "./temp-folder.ts";

const client = httpClient();

async function serve(listener: RequestListener, path?: string): Promise<string> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) =>
    path ? server.listen(path, resolve) : server.listen(0, "127.0.0.1", resolve),
  );
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return path ?? `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("any answer is an answer, with its status, headers and body, and redirects are not followed", async () => {
  const url = await serve((request, response) => {
    response.writeHead(302, { location: "/else", "set-cookie": ["a=1", "b=2"] });
    response.end(`${request.method} ${request.url} ${request.headers.connection}`);
  });
  const result = await client.request({ method: "GET", url: `${url}/x?y=1`, timeoutMs: 5_000 });
  expect(result).toMatchObject({
    ok: true,
    value: {
      status: 302,
      headers: { location: "/else", "set-cookie": "a=1, b=2" },
      body: "GET /x?y=1 close",
    },
  });
});

test("a body is sent with its length in bytes", async () => {
  const url = await serve((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () =>
      response.end(`${request.headers["content-length"]} ${request.headers["x-a"]} ${body}`),
    );
  });
  const result = await client.request({
    method: "POST",
    url,
    headers: { "x-a": "1" },
    body: "é",
    timeoutMs: 5_000,
  });
  expect(result).toMatchObject({ ok: true, value: { body: "2 1 é" } });
});

test("a unix socket is spoken to whatever the host part says", async () => {
  const socketPath = await serve(
    (request, response) => response.end(request.url),
    join(await tempFolder(), "s"),
  );
  const result = await client.request({
    method: "GET",
    url: "http://nobody/control",
    socketPath,
    timeoutMs: 5_000,
  });
  expect(result).toMatchObject({ ok: true, value: { body: "/control" } });
});

test("nobody listening is unreachable, on a port and on a socket", async () => {
  const url = `http://127.0.0.1:${await localProcesses().freePort()}/`;
  expect(await client.request({ method: "GET", url, timeoutMs: 5_000 })).toMatchObject({
    error: { code: "unreachable" },
  });
  const socketPath = join(await tempFolder(), "no");
  const result = await client.request({ method: "GET", url: "http://x/", socketPath, timeoutMs: 5_000 });
  expect(result).toMatchObject({ error: { code: "unreachable", where: socketPath } });
});

test("a connection that breaks in the middle of the body is unreachable, not a short answer", async () => {
  const url = await serve((_, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("half");
    setTimeout(() => response.destroy(), 20);
  });
  expect(await client.request({ method: "GET", url, timeoutMs: 5_000 })).toMatchObject({
    error: { code: "unreachable" },
  });
});

test("something that is not HTTP is unreachable", async () => {
  const server = createTcpServer((socket) => socket.end("SSH-2.0-x\r\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await client.request({ method: "GET", url, timeoutMs: 5_000 })).toMatchObject({
    error: { code: "unreachable" },
  });
});

test("the time limit covers silence and a body that trickles without end", async () => {
  const silent = await serve(() => {});
  expect(await client.request({ method: "GET", url: silent, timeoutMs: 50 })).toMatchObject({
    error: { code: "timeout" },
  });
  const trickle = await serve((_, response) => {
    const timer = setInterval(() => response.write("."), 5);
    response.on("close", () => clearInterval(timer));
  });
  expect(await client.request({ method: "GET", url: trickle, timeoutMs: 100 })).toMatchObject({
    error: { code: "timeout" },
  });
});

test("an abort ends it, before and during", async () => {
  const stop = new AbortController();
  const url = await serve(() => stop.abort());
  const during = client.request({ method: "GET", url, timeoutMs: 20_000, signal: stop.signal });
  expect(await during).toMatchObject({ error: { code: "cancelled" } });
  const before = await client.request({ method: "GET", url, timeoutMs: 20_000, signal: stop.signal });
  expect(before).toMatchObject({ error: { code: "cancelled" } });
});

test("a body without end is cut at 1 MiB", async () => {
  const url = await serve((_, response) => {
    const more = (): void => {
      while (response.write("x".repeat(65_536)) && !response.destroyed);
    };
    response.on("drain", more);
    more();
  });
  const result = await client.request({ method: "GET", url, timeoutMs: 20_000 });
  expect(result.ok && result.value.body.length).toBe(1024 * 1024);
});

test("an address that is not http is a usage problem", async () => {
  for (const url of ["file:///etc/passwd", "nonsense", ""]) {
    expect(await client.request({ method: "GET", url, timeoutMs: 1_000 })).toMatchObject({
      error: { code: "usage" },
    });
  }
});

// HTTP for large bodies: whole answers or none, certificates of one's own, and no waiting for ever.
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { run } from "../../scripts/parts/run.ts";
import { byteHttp } from "../../src/os/byte-http.ts";
import { tempFolder } from "./temp-folder.ts";

const plain = { method: "GET", headers: {}, ca: null, mostBytes: 1_000_000 } as const;

async function listening(server: Server & { closeAllConnections(): void }): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

const serve = async (answer: RequestListener) => `http://127.0.0.1:${await listening(createServer(answer))}/`;

test("bytes go and come as they are, and the connection is used again", async () => {
  const ports = new Set<number | undefined>();
  const url = await serve((request, response) => {
    ports.add(request.socket.remotePort);
    request.pipe(response);
  });
  const body = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256));
  const http = byteHttp();
  for (const _ of [1, 2]) {
    const answer = await http.exchange({ ...plain, method: "PUT", url, body });
    expect(answer.ok && answer.value.body.equals(body)).toBe(true);
  }
  expect(ports.size).toBe(1);
});

test("an answer that breaks off, one that is too long, and one that never comes are none", async () => {
  const cut = await serve((_, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("half", () => response.destroy());
  });
  const http = byteHttp({ silentMs: 300, wholeMs: 5_000 });
  expect(await http.exchange({ ...plain, url: cut })).toMatchObject({ error: { code: "unreachable" } });
  const long = await serve((_, response) => response.end("x".repeat(100)));
  expect(await http.exchange({ ...plain, url: long, mostBytes: 99 })).toMatchObject({
    error: { code: "failed" },
  });
  const never = await serve(() => undefined);
  expect(await http.exchange({ ...plain, url: never })).toMatchObject({ error: { code: "timeout" } });
});

test("a body after the answer to HEAD, as some servers send one, spoils nothing", async () => {
  const server = createServer((request, response) => {
    if (request.method === "HEAD")
      request.socket.write("HTTP/1.1 404 Not Found\r\ncontent-length: 5\r\n\r\n<xml>");
    else response.end("fine");
  });
  const url = `http://127.0.0.1:${await listening(server)}/`;
  const http = byteHttp();
  expect(await http.exchange({ ...plain, method: "HEAD", url })).toMatchObject({ value: { status: 404 } });
  expect(await http.exchange({ ...plain, url })).toMatchObject({ value: { status: 200 } });
});

test("a certificate of one's own authority is trusted where its file is named, and else refused", async () => {
  const folder = await tempFolder();
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const names = ["-subj", "/CN=store", "-addext", "subjectAltName=IP:127.0.0.1"];
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  await run(["openssl", "req", "-x509", ...ec, "-nodes", "-keyout", key, "-out", cert, ...names]);
  const pem = readFileSync(cert, "utf8");
  const server = createTlsServer({ key: readFileSync(key), cert: pem }, (_, response) =>
    response.end("hello"),
  );
  const url = `https://127.0.0.1:${await listening(server)}/`;
  const http = byteHttp();
  expect(await http.exchange({ ...plain, url })).toMatchObject({
    error: {
      code: "refused",
      what: expect.stringContaining("is not trusted"),
      next: expect.stringContaining("caFile"),
    },
  });
  expect(await http.exchange({ ...plain, url, ca: pem })).toMatchObject({ value: { status: 200 } });
});

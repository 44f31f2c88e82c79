import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { run } from "../../scripts/parts/run.ts";
import { redisDial } from "../../src/os/redis-link.ts";
import type { RedisAt } from "../../src/ports/redis-link.ts";
import { afterTest, bedFolder, freePort } from "../parts/bed.ts";
import { describeWith } from "../parts/needs.ts";
import { redisBed } from "../parts/redis.ts";

const dial = redisDial();
const { signal } = new AbortController();
const withRedis = await describeWith("redis");

function at(port: number, ca: Buffer | null | undefined = undefined): RedisAt {
  const tls = ca === undefined ? null : { ca };
  return { address: { host: "127.0.0.1", port, tls }, user: null, password: null };
}

/** Answers the wishes, and then with what a test wants. */
async function serverThat(answer: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      if (bytes.includes("SYNC")) answer(socket);
      else socket.write("+OK\r\n+OK\r\n");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as { port: number }).port;
}

const mark = "0123456789abcdef0123456789abcdef01234567";

test.each([
  ["by its length", ["\n\n$7\r\n", "REDI", "S07"]],
  [
    "up to a mark that comes in two pieces",
    ["\n", `$EOF:${mark}\r\nREDI`, `S07${mark.slice(0, 9)}`, mark.slice(9)],
  ],
])("a file is read %s", async (_name, pieces) => {
  const port = await serverThat(async (socket) => {
    for (const piece of pieces) {
      socket.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  const path = join(await bedFolder("fetch", afterTest), "dump.rdb");
  expect(await dial.fetch(at(port), path, signal)).toEqual({ ok: true, value: { bytes: 7 } });
  expect(await readFile(path, "utf8")).toBe("REDIS07");
});

test.each([
  ["ends in the middle of a file", `$EOF:${mark}\r\nREDIS0007`],
  ["ends before the length that it said", "$100\r\nREDIS0007"],
  ["says no", "-NOPERM this user has no permissions to run the 'sync' command\r\n"],
])("a server that %s gives no snapshot, and leaves no file", async (_name, text) => {
  const port = await serverThat((socket) => socket.end(text));
  const folder = await bedFolder("fetch", afterTest);
  const fetched = await dial.fetch(at(port), join(folder, "dump.rdb"), signal);
  expect(fetched).toMatchObject({ ok: false, error: { code: "failed" } });
  expect(await readdir(folder)).toEqual([]);
});

withRedis("a Redis with TLS", () => {
  test("is believed with its authority alone", async () => {
    const folder = await bedFolder("tls", afterTest);
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const subject = ["-subj", "/CN=redis", "-addext", "subjectAltName=IP:127.0.0.1"];
    await run([
      "openssl",
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-days",
      "2",
      "-keyout",
      key,
      "-out",
      cert,
      ...subject,
    ]);
    const port = await freePort();
    const files = [`tls-cert-file ${cert}`, `tls-key-file ${key}`, `tls-ca-cert-file ${cert}`];
    await redisBed({ lines: [`tls-port ${port}`, ...files, "tls-auth-clients no"] });
    const link = await dial.connect(at(port, await readFile(cert)));
    if (!link.ok) throw new Error(link.error.what);
    expect(await link.value.ask([["PING"]])).toEqual({ ok: true, value: [Buffer.from("PONG")] });
    link.value.close();
    expect(await dial.connect(at(port, null))).toMatchObject({ ok: false, error: { code: "unreachable" } });
  });
});

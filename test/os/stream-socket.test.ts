import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { streamSocket } from "../../src/os/stream-socket.ts";

const open: { server: Server; sockets: Socket[] }[] = [];
afterEach(() => {
  for (const { server, sockets } of open.splice(0)) {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});

async function listening(onData: (socket: Socket, text: string) => void) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => onData(socket, bytes.toString()));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  open.push({ server, sockets });
  return { host: "127.0.0.1", port: (server.address() as { port: number }).port };
}

test("gives all that was said until the other side closed", async () => {
  const address = await listening((socket, text) => {
    socket.write(`you said ${text}`);
    socket.end("x".repeat(200_000));
  });
  const answer = await streamSocket().ask(address, "hello\n", 10_000);
  expect(answer.ok && answer.value.slice(0, 16)).toBe("you said hello\nx");
  expect(answer.ok && answer.value.length).toBe(200_015);
});

test("an answer that never ends is a timeout, one that is too long is refused, nobody there is unreachable", async () => {
  const silent = await listening(() => undefined);
  expect(await streamSocket().ask(silent, "x\n", 50)).toMatchObject({ error: { code: "timeout" } });
  const endless = await listening((socket) => socket.write("y".repeat(3_000_000)));
  expect(await streamSocket().ask(endless, "x\n", 10_000)).toMatchObject({ error: { code: "failed" } });
  const path = "/nonexistent/lastgood.sock";
  expect(await streamSocket().ask({ path }, "x\n", 10_000)).toMatchObject({
    error: { code: "unreachable", where: path },
  });
});

// Our ends of a process's TCP connections: by the table of the kernel, and of a real connection.
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { expect, test } from "vitest";
import { endOf, tcpEndsOf } from "../../src/os/tcp-ends.ts";

test.each([
  ["0100007F:1538", { address: "127.0.0.1", port: 5432 }],
  ["0000000000000000FFFF00000100007F:1538", { address: "127.0.0.1", port: 5432 }],
  ["00000000000000000000000001000000:0050", { address: "::1", port: 80 }],
  ["B80D0120000000000000000001000000:0050", { address: "2001:db8::1", port: 80 }],
  ["local_address", null],
])("%s", (text, end) => {
  expect(endOf(text)).toEqual(end);
});

test("a real connection is among those of its process, and of no other", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  const own = { address: "127.0.0.1", port: socket.localPort };
  expect(await tcpEndsOf("/proc", process.pid)).toContainEqual(own);
  expect(await tcpEndsOf("/proc", process.ppid)).not.toContainEqual(own);
  socket.destroy();
  server.close();
});

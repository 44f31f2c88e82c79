// The chat of the example shop speaks RFC 6455 with a client that is not ours.
import { connect } from "node:net";
import { expect, test } from "vitest";
import { enter, useShops } from "./shop-process.ts";
import { joinChat } from "./ws-client.ts";

const shops = useShops();

test("what one says in the chat all hear, the speaker too, with the name of the session", async () => {
  const shop = await shops.start("v1");
  const ann = await joinChat(shop.url, await enter(shop, "ann"));
  const guest = await joinChat(shop.url);
  ann.client.send("good morning ☀");
  expect(await ann.hear()).toMatchObject({ from: "ann", text: "good morning ☀" });
  expect(await guest.hear()).toMatchObject({ from: "ann", text: "good morning ☀" });
  guest.client.send("hello");
  expect(await ann.hear()).toMatchObject({ from: "guest", text: "hello" });
});

test("short, long and very long messages come back whole, in parts or not", async () => {
  const shop = await shops.start("v1");
  const { client, hear } = await joinChat(shop.url);
  for (const length of [1, 125, 126, 1_000, 65_535, 65_536]) {
    const text = "y".repeat(length);
    client.send(text);
    expect((await hear()).text).toBe(text);
  }
  client.send("one ", { fin: false });
  client.ping("between");
  client.send("two ", { fin: false });
  client.send("three", { fin: true });
  expect((await hear()).text).toBe("one two three");
});

test("a ping is answered with the same words", async () => {
  const shop = await shops.start("v1");
  const { client } = await joinChat(shop.url);
  const pong = new Promise<Buffer>((resolve) => client.once("pong", resolve));
  client.ping("are you there");
  expect((await pong).toString()).toBe("are you there");
});

test("a client's goodbye is answered and ends the connection in good order", async () => {
  const shop = await shops.start("v1");
  const { client, closed } = await joinChat(shop.url);
  client.close(4001);
  expect(await closed).toBe(4001);
});

test("binary, broken UTF-8 and messages over 64 KiB end the connection with the code that says why", async () => {
  const shop = await shops.start("v1");
  const binary = await joinChat(shop.url);
  binary.client.send(Buffer.from([1, 2, 3]));
  expect(await binary.closed).toBe(1003);
  const broken = await joinChat(shop.url);
  broken.client.send(Buffer.from([0xc3, 0x28]), { binary: false });
  expect(await broken.closed).toBe(1007);
  const big = await joinChat(shop.url);
  big.client.send("z".repeat(65_537));
  expect(await big.closed).toBe(1009);
  const parts = await joinChat(shop.url);
  parts.client.send("z".repeat(40_000), { fin: false });
  parts.client.send("z".repeat(40_000), { fin: true });
  expect(await parts.closed).toBe(1009);
});

test("an unmasked frame of a client ends the connection with 1002", async () => {
  const shop = await shops.start("v1");
  const answer = await speakRaw(shop.url, Buffer.from([0x81, 2, 0x68, 0x69]));
  expect(answer.toString("latin1")).toContain("101 Switching Protocols");
  expect([...answer.subarray(-4)]).toEqual([0x88, 2, 1002 >> 8, 1002 & 0xff]);
});

test("a request that is no proper handshake, or asks elsewhere, is refused", async () => {
  const shop = await shops.start("v1");
  expect((await speakRaw(shop.url, Buffer.alloc(0), { key: "short" })).toString()).toContain(
    "400 Bad Request",
  );
  expect((await speakRaw(shop.url, Buffer.alloc(0), { path: "/orders" })).toString()).toContain(
    "404 Not Found",
  );
});

/** Sends a handshake and bytes after it; returns all that comes until the shop ends the connection. */
function speakRaw(
  url: string,
  bytes: Buffer,
  { path = "/chat", key = "dGhlIHNhbXBsZSBub25jZQ==" } = {},
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", reject);
    socket.on("end", () => {
      socket.end();
      resolve(Buffer.concat(chunks));
    });
    const fields = ["host: shop", "connection: Upgrade", "upgrade: websocket", "sec-websocket-version: 13"];
    socket.write(`GET ${path} HTTP/1.1\r\n${fields.join("\r\n")}\r\nsec-websocket-key: ${key}\r\n\r\n`);
    socket.write(bytes);
  });
}

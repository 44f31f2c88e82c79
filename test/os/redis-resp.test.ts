import fc from "fast-check";
import { expect, test } from "vitest";
import { encode, readReply } from "../../src/os/redis-resp.ts";
import type { RedisReply } from "../../src/ports/redis-link.ts";

const reply: fc.Arbitrary<RedisReply> = fc.letrec<{ reply: RedisReply }>((tie) => ({
  reply: fc.oneof(
    { maxDepth: 3 },
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc.integer(),
    fc.constant(null),
    fc.stringMatching(/^[A-Z]{2,6} [a-z ]{0,20}$/).map((refused) => ({ refused })),
    fc.array(tie("reply"), { maxLength: 4 }),
  ),
})).reply;

function sent(one: RedisReply): Buffer {
  if (one === null) return Buffer.from("$-1\r\n");
  if (typeof one === "number") return Buffer.from(`:${one}\r\n`);
  if (Buffer.isBuffer(one))
    return Buffer.concat([Buffer.from(`$${one.length}\r\n`), one, Buffer.from("\r\n")]);
  if ("refused" in one) return Buffer.from(`-${one.refused}\r\n`);
  return Buffer.concat([Buffer.from(`*${one.length}\r\n`), ...one.map(sent)]);
}

test("whatever a server sends is read back, and a part of it asks for more than is there", () => {
  fc.assert(
    fc.property(reply, fc.nat(), (one, cut) => {
      const bytes = sent(one);
      expect(readReply(bytes, 0)).toEqual({ reply: one, end: bytes.length });
      const part = bytes.subarray(0, cut % bytes.length);
      const needed = readReply(part, 0);
      expect(needed).toBeGreaterThan(part.length);
      expect(needed, "never more than there will be").toBeLessThanOrEqual(bytes.length);
    }),
  );
});

test("commands are lists of bytes, whatever is in them", () => {
  expect(encode([["SET", "ä\r\n", Buffer.from([0, 255])]])).toEqual(
    Buffer.concat([
      Buffer.from("*3\r\n$3\r\nSET\r\n$4\r\nä\r\n\r\n$2\r\n"),
      Buffer.from([0, 255]),
      Buffer.from("\r\n"),
    ]),
  );
});

test("what is not this protocol is said so", () => {
  expect(() => readReply(Buffer.from("HTTP/1.1 400 Bad Request\r\n"), 0)).toThrow(/not speak as Redis/);
});

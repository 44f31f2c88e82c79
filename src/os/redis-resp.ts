// Redis's protocol (RESP2): commands to bytes, and bytes back to replies, however they are cut into pieces.
import type { RedisCommand, RedisReply } from "../ports/redis-link.ts";

const CR_LF = Buffer.from("\r\n");

export function encode(commands: readonly RedisCommand[]): Buffer {
  const parts: Buffer[] = [];
  for (const words of commands) {
    parts.push(Buffer.from(`*${words.length}\r\n`));
    for (const word of words) {
      const bytes = typeof word === "string" ? Buffer.from(word) : word;
      parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, CR_LF);
    }
  }
  return Buffer.concat(parts);
}

type Read = { readonly reply: RedisReply; readonly end: number };

/**
 * A number where more bytes must come first: so many there must be at least, from the beginning of `bytes`.
 * Throws where it is not this protocol.
 */
export function readReply(bytes: Buffer, start: number): Read | number {
  const lineEnd = bytes.indexOf(CR_LF, start);
  if (lineEnd < 0) return bytes.length + 1;
  const line = bytes.toString("latin1", start + 1, lineEnd);
  const end = lineEnd + CR_LF.length;
  switch (bytes[start]) {
    case 0x2b: // +
      return { reply: bytes.subarray(start + 1, lineEnd), end };
    case 0x2d: // -
      return { reply: { refused: line }, end };
    case 0x3a: // :
      return { reply: Number(line), end };
    case 0x24: // $
      return readText(bytes, end, Number(line));
    case 0x2a: // *
      return readList(bytes, end, Number(line));
    default:
      throw new Error("it does not speak as Redis does");
  }
}

function readText(bytes: Buffer, start: number, length: number): Read | number {
  if (length < 0) return { reply: null, end: start };
  const end = start + length;
  if (bytes.length < end + CR_LF.length) return end + CR_LF.length;
  return { reply: bytes.subarray(start, end), end: end + CR_LF.length };
}

function readList(bytes: Buffer, start: number, length: number): Read | number {
  if (length < 0) return { reply: null, end: start };
  const list: RedisReply[] = [];
  let at = start;
  for (let index = 0; index < length; index++) {
    const one = readReply(bytes, at);
    if (typeof one === "number") return one;
    list.push(one.reply);
    at = one.end;
  }
  return { reply: list, end: at };
}

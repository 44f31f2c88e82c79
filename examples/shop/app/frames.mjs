// Websocket frames on the wire, seen from the server (RFC 6455, section 5).
import { isUtf8 } from "node:buffer";

export const OPCODE = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 };
export const CLOSE = {
  NORMAL: 1000,
  GOING_AWAY: 1001,
  PROTOCOL: 1002,
  UNSUPPORTED: 1003,
  NOT_UTF8: 1007,
  TOO_BIG: 1009,
};

const MESSAGE_LIMIT_BYTES = 64 * 1024;
const CONTROL_LIMIT_BYTES = 125;
const MASK_BYTES = 4;

/** A frame or message that breaks the protocol; `code` is the close code that says so. */
export class BadFrame extends Error {
  /** @param {number} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** One whole, unmasked frame, as a server sends it. @param {number} opcode @param {Buffer} payload */
export function encodeFrame(opcode, payload) {
  const first = 0x80 | opcode;
  if (payload.length < 126) return Buffer.concat([Buffer.from([first, payload.length]), payload]);
  if (payload.length < 65_536) {
    return Buffer.concat([Buffer.from([first, 126, payload.length >> 8, payload.length & 0xff]), payload]);
  }
  const head = Buffer.alloc(10);
  head[0] = first;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([head, payload]);
}

/** @param {number} code @param {string} [reason] */
export function encodeClose(code, reason = "") {
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
  return encodeFrame(OPCODE.CLOSE, payload);
}

/** @typedef {{ isFinal: boolean, opcode: number, payload: Buffer, bytes: number }} Frame */

/**
 * The first frame in `data`, or undefined where it is not complete yet.
 * @param {Buffer} data
 * @returns {Frame | undefined}
 * @throws {BadFrame}
 */
export function decodeFrame(data) {
  if (data.length < 2) return undefined;
  const [first = 0, second = 0] = data;
  const opcode = first & 0x0f;
  const isFinal = (first & 0x80) !== 0;
  const short = second & 0x7f;
  if ((first & 0x70) !== 0) throw new BadFrame(CLOSE.PROTOCOL, "reserved bits are set");
  if (!Object.values(OPCODE).includes(opcode)) throw new BadFrame(CLOSE.PROTOCOL, "unknown opcode");
  if ((second & 0x80) === 0) throw new BadFrame(CLOSE.PROTOCOL, "a client's frames must be masked");
  if (opcode >= OPCODE.CLOSE && (!isFinal || short > CONTROL_LIMIT_BYTES)) {
    throw new BadFrame(CLOSE.PROTOCOL, "control frames are short and whole");
  }
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const start = 2 + lengthBytes + MASK_BYTES;
  if (data.length < start) return undefined;
  const length =
    lengthBytes === 0 ? short : lengthBytes === 2 ? data.readUInt16BE(2) : Number(data.readBigUInt64BE(2));
  if (length > MESSAGE_LIMIT_BYTES) throw new BadFrame(CLOSE.TOO_BIG, "message too big");
  if (data.length < start + length) return undefined;
  const payload = Buffer.from(data.subarray(start, start + length));
  for (let at = 0; at < length; at++)
    payload[at] = (payload[at] ?? 0) ^ (data[start - MASK_BYTES + (at & 3)] ?? 0);
  return { isFinal, opcode, payload, bytes: start + length };
}

/**
 * Puts frames together to messages. Control frames may come between the parts of a message and pass at once.
 * @param {(opcode: number, payload: Buffer) => void} onMessage text, close, ping and pong
 * @returns {(chunk: Buffer) => void} throws `BadFrame`
 */
export function createFrameReader(onMessage) {
  let rest = Buffer.alloc(0);
  /** @type {Buffer[] | undefined} parts of a message that is not complete yet */
  let parts;
  /** @param {Frame} frame */
  const take = (frame) => {
    if (frame.opcode >= OPCODE.CLOSE) return onMessage(frame.opcode, frame.payload);
    if (frame.opcode === OPCODE.BINARY) throw new BadFrame(CLOSE.UNSUPPORTED, "this chat is for text");
    if ((frame.opcode === OPCODE.CONTINUATION) !== (parts !== undefined)) {
      throw new BadFrame(CLOSE.PROTOCOL, "the parts of a message are out of order");
    }
    parts = [...(parts ?? []), frame.payload];
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    if (bytes > MESSAGE_LIMIT_BYTES) throw new BadFrame(CLOSE.TOO_BIG, "message too big");
    if (!frame.isFinal) return;
    const message = Buffer.concat(parts);
    parts = undefined;
    if (!isUtf8(message)) throw new BadFrame(CLOSE.NOT_UTF8, "text must be UTF-8");
    onMessage(OPCODE.TEXT, message);
  };
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (let frame = decodeFrame(rest); frame; frame = decodeFrame(rest)) {
      rest = rest.subarray(frame.bytes);
      take(frame);
    }
  };
}

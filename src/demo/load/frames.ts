// Websocket frames seen from the client: masked out, plain in (RFC 6455, section 5).
import { bounds } from "./bounds.ts";

export const OPCODE = { TEXT: 1, CLOSE: 8, PING: 9, PONG: 10 } as const;

export type Frame = { readonly opcode: number; readonly payload: Buffer };

/** A whole, masked frame of up to 65,535 bytes. `mask`: four bytes. */
export function maskedFrame(opcode: number, payload: Buffer, mask: Buffer): Buffer {
  const isLong = payload.length > 125;
  const frame = Buffer.alloc((isLong ? 8 : 6) + payload.length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (isLong ? 126 : payload.length);
  if (isLong) frame.writeUInt16BE(payload.length, 2);
  const start = frame.length - payload.length;
  mask.copy(frame, start - 4);
  for (let at = 0; at < payload.length; at++) frame[start + at] = (payload[at] ?? 0) ^ (mask[at & 3] ?? 0);
  return frame;
}

/**
 * Takes whole frames off the front of `data`. `rest` is what is not complete yet; `isBroken` where the server sent
 * what it must not: a masked frame, a fragment, or more than `bounds.frameBytes` (our shop never does).
 */
export function takeFrames(data: Buffer): {
  readonly frames: Frame[];
  readonly rest: Buffer;
  readonly isBroken: boolean;
} {
  const frames: Frame[] = [];
  let at = 0;
  while (data.length - at >= 2) {
    const [first = 0, second = 0] = data.subarray(at, at + 2);
    const start = at + 2 + (second === 126 ? 2 : 0);
    if (first < 0x80 || second > 126) return { frames, rest: data.subarray(at), isBroken: true };
    if (data.length < start) break;
    const length = second === 126 ? data.readUInt16BE(at + 2) : second;
    if (length > bounds.frameBytes) return { frames, rest: data.subarray(at), isBroken: true };
    if (data.length < start + length) break;
    frames.push({ opcode: first & 0x0f, payload: data.subarray(start, start + length) });
    at = start + length;
  }
  return { frames, rest: data.subarray(at), isBroken: false };
}

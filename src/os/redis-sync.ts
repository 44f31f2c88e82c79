// What a replica reads after SYNC: line ends while the server prepares, then the file, by its length or up to a mark.
import type { Socket } from "node:net";

const MARK_BYTES = 40;
const NEW_LINE = 0x0a;
const LINE_BYTES_MAX = 1_024;

type Write = (chunk: Buffer) => Promise<void>;

/**
 * `before`: answers to expect first; then `begin` asks for the file. Returns how many bytes it has. Throws where the
 * server says no, or the stream ends too early.
 */
export async function readSync(
  socket: Socket,
  before: number,
  begin: () => void,
  write: Write,
): Promise<number> {
  const body = await untilHeader(socket[Symbol.asyncIterator](), before, begin);
  const mark = /^\$EOF:(.{40})$/.exec(body.header)?.[1];
  return mark === undefined
    ? byLength(body, Number(body.header.slice(1)), write)
    : upToMark(body, Buffer.from(mark, "latin1"), write);
}

type Chunks = AsyncIterator<Buffer>;
type Body = { readonly header: string; readonly rest: Buffer; readonly chunks: Chunks };

/** The server takes SYNC only from somebody whom it owes no answer. */
async function untilHeader(chunks: Chunks, before: number, begin: () => void): Promise<Body> {
  let bytes: Buffer = Buffer.alloc(0);
  for (let left = before; ; ) {
    const end = bytes.indexOf(NEW_LINE);
    if (end < 0) {
      if (bytes.length > LINE_BYTES_MAX) throw new Error("it does not speak as Redis does");
      bytes = Buffer.concat([bytes, await nextOf(chunks)]);
      continue;
    }
    const line = bytes.toString("latin1", 0, end).trim();
    bytes = bytes.subarray(end + 1);
    if (line === "") continue;
    if (line.startsWith("$")) return { header: line, rest: bytes, chunks };
    // A server that is too old for one of the wishes says so, and goes on.
    if (line.startsWith("-") && (left <= 0 || !line.includes("REPLCONF"))) throw new Error(line.slice(1));
    if (--left === 0) begin();
  }
}

async function byLength({ rest, chunks }: Body, length: number, write: Write): Promise<number> {
  if (!Number.isSafeInteger(length) || length <= 0) throw new Error("it sent a file without a length");
  let left = length;
  for (let chunk = rest; ; chunk = await nextOf(chunks)) {
    const own = chunk.subarray(0, left);
    if (own.length > 0) await write(own);
    left -= own.length;
    if (left === 0) return length;
  }
}

/** The mark ends the stream: so many bytes are always kept back. */
async function upToMark({ rest, chunks }: Body, mark: Buffer, write: Write): Promise<number> {
  let held = rest;
  let bytes = 0;
  for (;;) {
    if (held.length >= MARK_BYTES && held.subarray(-MARK_BYTES).equals(mark)) {
      const last = held.subarray(0, -MARK_BYTES);
      if (last.length > 0) await write(last);
      return bytes + last.length;
    }
    const sure = held.subarray(0, Math.max(0, held.length - MARK_BYTES));
    if (sure.length > 0) await write(sure);
    bytes += sure.length;
    held = Buffer.concat([held.subarray(sure.length), await nextOf(chunks)]);
  }
}

async function nextOf(chunks: Chunks): Promise<Buffer> {
  const next = await chunks.next();
  if (next.done) throw new Error("the connection ended before the file was whole");
  return next.value;
}

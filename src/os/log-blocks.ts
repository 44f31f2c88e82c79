// A whole log file as blocks of whole lines: plain or packed, from a file or from standard input.
import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";

const readBytes = 1024 * 1024;
/** A line longer than this is cut: it is no line of an access log. */
const lineBytes = 8 * 1024 * 1024;
const newline = 0x0a;

/** `-` is standard input. Throws what the file system, or a damaged package, says. */
export async function* logBlocks(path: string): AsyncGenerator<Buffer> {
  const source: Readable =
    path === "-" ? process.stdin : createReadStream(path, { highWaterMark: readBytes });
  let rest = Buffer.alloc(0);
  for await (const chunk of await unpacked(source)) {
    const bytes = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    const end = bytes.length > lineBytes ? bytes.length : bytes.lastIndexOf(newline) + 1;
    if (end > 0) yield bytes.subarray(0, end);
    rest = Buffer.from(bytes.subarray(end));
  }
  if (rest.length > 0) yield rest;
}

/** Packed or not is told by the first two bytes. */
async function unpacked(source: Readable): Promise<AsyncIterable<unknown>> {
  const chunks = source[Symbol.asyncIterator]();
  const first = await chunks.next();
  const again = (async function* () {
    for (let one = first; !one.done; one = await chunks.next()) yield one.value as Buffer;
  })();
  const head = first.done ? Buffer.alloc(0) : (first.value as Buffer);
  if (head[0] !== 0x1f || head[1] !== 0x8b) return again;
  const gunzip = createGunzip({ chunkSize: readBytes });
  void (async () => {
    try {
      for await (const chunk of again) {
        if (!gunzip.write(chunk)) await new Promise((resolve) => gunzip.once("drain", resolve));
      }
      gunzip.end();
    } catch (error) {
      gunzip.destroy(error as Error);
    }
  })();
  return gunzip;
}

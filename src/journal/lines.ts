// Reads a file line by line in bounded memory.
import { closeSync, openSync, readSync } from "node:fs";
import { look } from "./disk.ts";

const chunkBytes = 256 * 1024;
/** A longer line is no fact (limits.eventDataBytes is a quarter of it); it is given cut, and fails its hash. */
const lineBytes = 1024 * 1024;

/** The lines of a file without their ends, also a last one that has none; none when there is no file. */
export function* linesOf(file: string): Generator<string, void> {
  if (look(file) === null) return;
  const fd = openSync(file, "r");
  try {
    const chunk = Buffer.alloc(chunkBytes);
    let rest = Buffer.alloc(0);
    for (;;) {
      const got = readSync(fd, chunk, 0, chunkBytes, null);
      if (got === 0) break;
      rest = Buffer.concat([rest, chunk.subarray(0, got)]);
      let start = 0;
      for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a, start)) {
        yield rest.toString("utf8", start, end);
        start = end + 1;
      }
      rest = rest.subarray(start);
      if (rest.length > lineBytes) rest = Buffer.alloc(1);
    }
    if (rest.length > 0) yield rest.toString("utf8");
  } finally {
    closeSync(fd);
  }
}

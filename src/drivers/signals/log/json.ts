// Access logs of JSON lines (Caddy, Traefik): wanted values are found in the bytes, without building the rest.
import type { JsonFormat } from "./json/formats.ts";
import { plainJson, unescaped } from "./json/plain.ts";
import { jsonScan } from "./json/scan.ts";
import { treeOf } from "./json/tree.ts";
import { type LogSpans, lookAt, type SpanReader, textOf } from "./spans.ts";

/** The longest texts of one line together. */
const scratchBytes = 64 * 1024;
const newline = 10;

/**
 * Lines as their writers make them are scanned where they stand; whatever is odd about a line is left to `JSON.parse`, and
 * both say the same of it.
 */
export function jsonSpans(format: JsonFormat): SpanReader {
  const tree = treeOf(format);
  const scan = jsonScan(tree);
  const plain = plainJson(tree);
  const scratch = Buffer.alloc(scratchBytes);
  return (bytes, at, spans) => {
    clear(spans, bytes);
    const scanned = scan.read(bytes, at, spans);
    if (scanned >= 0 && scan.escapes() === 0) return scanned;
    const found = scanned >= 0 ? scanned : bytes.indexOf(newline, at);
    const end = found < 0 ? bytes.length : found;
    if (end - at > scratchBytes) return -1;
    if (scanned >= 0) return writeOut(spans, scan.escapes(), scratch) ? end : -1;
    clear(spans, scratch);
    return plain(bytes, at, end, spans) ? end : -1;
  };
}

/** Nothing is known of the line. */
function clear(spans: LogSpans, bytes: Buffer): void {
  lookAt(spans, bytes);
  spans.atMs = Number.NaN;
  spans.exactMs = 1;
  spans.status = 0;
  spans.ms = 0;
  for (const span of spans.all) {
    span.from = -1;
    span.to = -1;
  }
}

/** CHANGES `spans`: its texts stand in `scratch` then, without escapes. False where those are none. */
function writeOut(spans: LogSpans, escapes: number, scratch: Buffer): boolean {
  let used = 0;
  for (const [i, span] of spans.all.entries()) {
    if (span.from < 0) continue;
    const written = textOf(spans, span);
    const text = (escapes & (1 << i)) === 0 ? written : unescaped(written);
    if (text === null) return false;
    span.from = used;
    used += scratch.write(text, used, "latin1");
    span.to = used;
  }
  lookAt(spans, scratch);
  return true;
}

// A line of JSON by `JSON.parse`: for what is too odd to be scanned, and the measure of what scanning says.
import { parseJson } from "../../../../core/json.ts";
import type { LogSpans } from "../spans.ts";
import { isLine, type JsonTree, takeNumber } from "./tree.ts";

/** Reads the line between the two; its texts are laid side by side into the bytes of `spans`. False: it is none. */
export function plainJson(
  tree: JsonTree,
): (bytes: Buffer, from: number, to: number, spans: LogSpans) => boolean {
  return (bytes, from, to, spans) => {
    const value = parseJson(bytesOf(bytes.toString("latin1", from, to)));
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
    let used = 0;
    take(value, tree);
    return isLine(spans);

    function take(one: unknown, node: JsonTree): void {
      if (Array.isArray(one)) {
        if (one.length > 0) take(one[0], node);
      } else if (typeof one === "object" && one !== null) {
        for (const [key, below] of node.below) {
          if (Object.hasOwn(one, key)) take((one as Record<string, unknown>)[key], below);
        }
      } else if (one !== null && node.slot !== null) put(String(one), typeof one === "string", node);
    }

    function put(text: string, quoted: boolean, node: JsonTree): void {
      const span = spans.all[node.place];
      if (span === undefined) {
        const alone = Buffer.from(text, "latin1");
        takeNumber(spans, node, alone, 0, alone.length, quoted);
        return;
      }
      span.from = used;
      used += spans.bytes.write(text, used, "latin1");
      span.to = used;
    }
  };
}

/** What a text between quotes says, in Latin-1: one byte of UTF-8, one character. Null where its escapes are none. */
export function unescaped(text: string): string | null {
  const value = parseJson(`"${bytesOf(text)}"`);
  return typeof value === "string" ? value : null;
}

const escapes = /\\(?:u([dD][89abAB][\da-fA-F]{2})\\u([dD][c-fC-F][\da-fA-F]{2})|u([\da-fA-F]{4})|[\s\S])/g;

/** Escaped characters as their bytes, as if they had been written so. */
function bytesOf(text: string): string {
  if (!text.includes("\\u")) return text;
  return text.replace(escapes, (found, high?: string, low?: string, one?: string) => {
    const codes = high !== undefined && low !== undefined ? [high, low] : one === undefined ? [] : [one];
    const [first] = codes.map((code) => Number.parseInt(code, 16));
    if (first === undefined || first < 0x80) return found;
    const said = String.fromCharCode(...codes.map((code) => Number.parseInt(code, 16)));
    return Buffer.from(said).toString("latin1");
  });
}

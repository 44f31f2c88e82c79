// The real parts that tests need. A new one (docker, nginx, postgres …) is one file and one line here.
import { node } from "./node.ts";
import type { Part } from "./part.ts";
import { root } from "./root.ts";
import { strace } from "./strace.ts";

export const parts: readonly Part[] = [node, strace, root];

/** Start all, say how it went, and return the names of those that could not be had. */
export async function startParts(
  all: readonly Part[],
  say: (line: string) => void,
): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const part of all) {
    const looked = await part.start();
    if (looked.there) {
      say(`part ${part.name}: ${looked.what}`);
    } else {
      say(`part ${part.name}: MISSING, needed for ${part.for}. ${looked.how}`);
      missing.push(part.name);
    }
  }
  return missing;
}

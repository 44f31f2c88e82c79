// JSON pointers (RFC 6901): `/items/0/id`; empty for the whole document.
import type { Json } from "../json.ts";

/** Undefined where nothing is there. */
export function at(document: Json, pointer: string): Json | undefined {
  if (pointer === "") return document;
  let here: Json | undefined = document;
  for (const part of pointer.slice(1).split("/")) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (here === null || typeof here !== "object") return undefined;
    if (Array.isArray(here)) here = /^(0|[1-9]\d*)$/.test(key) ? here[Number(key)] : undefined;
    else here = Object.hasOwn(here, key) ? here[key] : undefined;
    if (here === undefined) return undefined;
  }
  return here;
}

export function isPointer(text: string): boolean {
  return /^(\/([^~/]|~[01])*)*$/.test(text);
}

// The one hash of the product. Deterministic, so it may live in the core.
import { hash } from "node:crypto";

/** sha256 in hex. */
export function sha256(text: string): string {
  return hash("sha256", text, "hex");
}

/** The same over every retry and restart: who did this effect. 20 characters of base 16, safe in names. */
export function opId(run: string, direction: "do" | "undo", key: string): string {
  return `op-${sha256(`${run}|${direction}|${key}`).slice(0, 17)}`;
}

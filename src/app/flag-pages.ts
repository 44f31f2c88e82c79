// Browser pages that listen for changes: they are told to ask again, and confirm nothing.
import { limits } from "../core/flags/limits.ts";
import type { Line } from "./flag-subscribers.ts";

export function openPages() {
  const all = new Map<Line, string>();
  return {
    /** Null where too many listen already. */
    join(key: string, line: Line): { leave(): void } | null {
      if (all.size >= limits.subscribers) return null;
      all.set(line, key);
      return { leave: () => void all.delete(line) };
    },
    tell(text: string): void {
      for (const line of all.keys()) line.write(text);
    },
    count: () => all.size,
    endKey(key: string): void {
      for (const [line, own] of all) if (own === key) line.end();
    },
    endAll(): void {
      for (const line of all.keys()) line.end();
    },
  };
}

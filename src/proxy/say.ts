// The proxy's own log: one JSON line an event on standard error, bounded, and never a reason to fail.
import { writeSync } from "node:fs";

/** Lines in one minute; more are counted and told with the next line. */
const linesAMinute = 60;
const lineChars = 2_000;

export type Say = (event: string, facts?: Record<string, string | number | boolean | null>) => void;

export function sayTo(fd: number, now: () => number): Say {
  let minute = 0;
  let said = 0;
  let unsaid = 0;
  return (event, facts = {}) => {
    const at = now();
    if (Math.floor(at / 60_000) !== minute) {
      minute = Math.floor(at / 60_000);
      said = 0;
    }
    said += 1;
    if (said > linesAMinute) {
      unsaid += 1;
      return;
    }
    const line = JSON.stringify({ at, event, ...facts, ...(unsaid > 0 && { unsaid }) });
    unsaid = 0;
    try {
      writeSync(fd, `${line.slice(0, lineChars)}\n`);
    } catch {
      // A full disk under the log must not stop the serving.
    }
  };
}

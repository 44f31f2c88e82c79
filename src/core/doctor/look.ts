// What a check saw: how bad it is, in a few words, and the command to go on with.
import type { JsonObject } from "../json.ts";

/** `unknown`: it could not be looked at here (no such tool); that is neither good nor bad news. */
export type Level = "bad" | "warn" | "unknown" | "well";

export type Look = {
  /** Which one, where a check looks at several: a container, a disk, a certificate. */
  readonly about: string;
  readonly is: Level;
  /** Short, without the name of the thing: `12 of 100 connections`. */
  readonly what: string;
  /** The next command, or what to do; null where there is nothing to do. */
  readonly next: string | null;
  /** The figures behind it, with their units in the names. */
  readonly data: JsonObject;
};

export function well(about: string, what: string, data: JsonObject = {}): Look {
  return { about, is: "well", what, next: null, data };
}

export function warn(about: string, what: string, next: string | null, data: JsonObject = {}): Look {
  return { about, is: "warn", what, next, data };
}

export function bad(about: string, what: string, next: string | null, data: JsonObject = {}): Look {
  return { about, is: "bad", what, next, data };
}

export function unknown(about: string, what: string, next: string | null = null): Look {
  return { about, is: "unknown", what, next, data: {} };
}

/** `850 ms`, `12 s`, `3 min`, `5 h`, `9 d`. */
export function span(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 120 * 60_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 48 * 3_600_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} d`;
}

/** `512 KB`, `3.4 GB`: powers of 1024, as `df -h` and `free -h` count. */
export function size(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB", "PB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = value >= 10 || unit === 0 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

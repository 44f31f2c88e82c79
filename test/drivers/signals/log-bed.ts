// A log file that grows and is rotated as a test says, and its reader.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Observation } from "../../../src/core/detect/finding.ts";
import type { Json } from "../../../src/core/json.ts";
import { ok } from "../../../src/core/result.ts";
import { type LogFormatChoice, logSignals, type Routed } from "../../../src/drivers/signals/log/log.ts";
import { localFiles } from "../../../src/os/files.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import type { Signals } from "../../../src/ports/signals.ts";
import { foldRoute } from "../../../src/proxy/access-line.ts";
import { value } from "../../proxy/bed.ts";

export type LogBed = {
  readonly dir: string;
  readonly path: string;
  /** Moves the clock that the reader sees. */
  later(ms: number): void;
  /** A reader with nothing but the saved position, as after a restart. */
  fresh(): Signals;
  close(): void;
};

export function logBed(format: LogFormatChoice = "combined", routed: readonly Routed[] = []): LogBed {
  const dir = mkdtempSync(join(tmpdir(), "lg-log-"));
  const path = join(dir, "access.log");
  let now = 1_000_000;
  const clock: Clock = {
    now: () => now,
    elapsed: () => now,
    bootId: () => "boot",
    sleep: async () => undefined,
  };
  const deps = { files: localFiles(), clock, foldRoute, routes: async () => ok(routed) };
  return {
    dir,
    path,
    later(ms) {
      now += ms;
    },
    fresh: () => value(logSignals({ name: "access:web", path, format }, deps)),
    close: () => rmSync(dir, { recursive: true, force: true }),
  };
}

export type Collected = {
  readonly seen: readonly Observation[];
  readonly unparsed: number;
  readonly blind: readonly string[];
  /** As the journal keeps it. */
  readonly next: Json;
};

/** Looks until nothing new comes. */
export async function collect(signals: Signals, from: Json): Promise<Collected> {
  const seen: Observation[] = [];
  const blind: string[] = [];
  let unparsed = 0;
  let next = from;
  for (let quiet = 0; quiet < 2; ) {
    const batch = value(await signals.observe(next));
    seen.push(...batch.observations);
    unparsed += batch.unparsed;
    if (batch.blind !== null) blind.push(batch.blind);
    quiet = JSON.stringify(batch.next) === JSON.stringify(next) ? quiet + 1 : 0;
    next = JSON.parse(JSON.stringify(batch.next)) as Json;
  }
  return { seen, unparsed, blind, next };
}

/** A line of `combined`; the path tells which one it is. */
export function line(path: string, status = 200, agent = "curl/8"): string {
  return `203.0.113.7 - - [10/Oct/2000:13:55:36 +0000] "GET ${path} HTTP/1.1" ${status} 12 "-" "${agent}"\n`;
}

export const always: readonly Routed[] = [{ release: "v1", url: "http://127.0.0.1:4001", fromMs: 0 }];

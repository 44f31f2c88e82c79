// Signals from the access log of an nginx, Caddy or Traefik that stands in front of the app.
import { z } from "zod";
import type { Observation } from "../../../core/detect/finding.ts";
import type { Json } from "../../../core/json.ts";
import { limits } from "../../../core/limits.ts";
import { ok, type Result } from "../../../core/result.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Files } from "../../../ports/files.ts";
import type { Batch, Signals } from "../../../ports/signals.ts";
import { endOfLog, type Followed, followLog, type LogPlace } from "./follow.ts";
import { combined, compileFormat, type LogFormat, traefikCommon } from "./format.ts";
import { caddyJson, type JsonFormat, traefikJson } from "./json/formats.ts";
import { jsonSpans } from "./json.ts";
import { type LogObserver, logObserver, type Routed } from "./observe.ts";
import { filePlace } from "./place.ts";
import type { SpanReader } from "./spans.ts";

export type { Routed } from "./observe.ts";

/** A known name, nginx's own `log_format`, or where things stand in lines of JSON. */
export type LogFormatChoice =
  | "combined"
  | "caddy"
  | "traefik"
  | "traefik-json"
  | { readonly nginx: LogFormat }
  | { readonly json: JsonFormat };

export type LogConfig = {
  /** Unique in its environment, e.g. `access:web`. */
  readonly name: string;
  /** Absolute path of the file that is written to now. */
  readonly path: string;
  readonly format: LogFormatChoice;
};

export type LogDeps = {
  readonly files: Files;
  readonly clock: Clock;
  readonly foldRoute: (target: string) => string;
  /** What was routed when, newest first; asked when there are new lines. */
  readonly routes: () => Promise<Result<readonly Routed[]>>;
};

const position = z.array(filePlace).max(8);

/** `config`: the format cannot be read; told before anything is watched with it. */
export function logSignals(config: LogConfig, deps: LogDeps): Result<Signals> {
  const reader = readerOf(config.format);
  if (!reader.ok) return reader;
  const { files, clock, routes } = deps;
  const observer = logObserver({ reader: reader.value, foldRoute: deps.foldRoute });
  const memory = oneMemory();

  return ok({
    name: config.name,
    about: "requests",
    async position() {
      const end = await endOfLog(config.path, files);
      return end.ok ? ok(end.value as unknown as Json) : end;
    },
    async observe(from): Promise<Result<Batch>> {
      const known = position.safeParse(from);
      const start = known.success ? ok<LogPlace>(known.data) : await endOfLog(config.path, files);
      if (!start.ok) return start;
      const lent = memory.take();
      try {
        const followed = await followLog(config.path, start.value, clock.now(), files, lent);
        if (!followed.ok) return followed;
        if (followed.value.blocks.length > 0) {
          const routed = await routes();
          if (!routed.ok) return routed;
          observer.routes(routed.value);
        }
        return ok(batch(config.path, followed.value, observer));
      } finally {
        memory.giveBack(lent);
      }
    },
  });
}

/** The same memory for each look; another one while somebody else looks as well. */
function oneMemory() {
  let free: Buffer | null = null;
  return {
    take(): Buffer {
      const taken = free ?? Buffer.allocUnsafeSlow(limits.logReadBytes);
      free = null;
      return taken;
    },
    giveBack(taken: Buffer): void {
      free = taken;
    },
  };
}

/** `config`: the format cannot be read. */
export function readerOf(format: LogFormatChoice): Result<SpanReader> {
  if (format === "combined") return compileFormat(combined);
  if (format === "traefik") return compileFormat(traefikCommon);
  if (format === "caddy") return ok(jsonSpans(caddyJson));
  if (format === "traefik-json") return ok(jsonSpans(traefikJson));
  return "nginx" in format ? compileFormat(format.nginx) : ok(jsonSpans(format.json));
}

function batch(path: string, followed: Followed, observer: LogObserver): Batch {
  const { blocks, broken, next, lost, missing, more } = followed;
  const observations: Observation[] = [];
  let unparsed = broken;
  const seen = {
    observation: (one: Observation) => void observations.push(one),
    unparsed: () => {
      unparsed += 1;
    },
  };
  for (const block of blocks) observer.observe(block, seen);
  const gone = missing ? `there is no access log at ${path}` : null;
  const blind = lost ? "a part of the access log was removed before it was read" : gone;
  return { observations, next: next as unknown as Json, unparsed, blind, ...(more && { more }) };
}

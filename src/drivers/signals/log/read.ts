// Reads a whole log block by block into a record, in whatever format it turns out to be.
import { type Recorded, record, startRecord } from "../../../core/replay/recorded.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import { combined } from "./format.ts";
import { type LogFormatChoice, readerOf } from "./log.ts";
import { logObserver } from "./observe.ts";
import type { SpanReader } from "./spans.ts";

/** Reads block after block; each is whole lines. */
export type LogRecorder = {
  readonly log: Recorded;
  /** The format, in words. */
  readonly format: string;
  take(block: Buffer): void;
};

const quoted = { ...combined, format: `"${combined.format}"` };
const common = { ...combined, format: combined.format.replace(/ "\$http_referer.*$/, "") };

/** What is tried where nobody says the format, the more telling ones first. */
const guesses: readonly (readonly [string, LogFormatChoice])[] = [
  ["Traefik's common format", "traefik"],
  ["combined", "combined"],
  ["combined, each line in quotes", { nginx: quoted }],
  ["common", { nginx: common }],
  ["Caddy's JSON", "caddy"],
  ["Traefik's JSON", "traefik-json"],
];

/** One release serves the whole log. */
const release = "replayed";
const always = [{ release, url: null, fromMs: 0 }];

/** `config`: the format cannot be read, or none of the known ones fits the first lines. */
export function logRecorder(format: LogFormatChoice | "auto", begins: Buffer): Result<LogRecorder> {
  if (format !== "auto")
    return recorderOf(typeof format === "string" ? format : "the given log_format", format);
  const tried = guesses.flatMap(([name, choice]) => {
    const made = recorderOf(name, choice);
    if (!made.ok) return [];
    made.value.take(begins);
    return [{ name, choice, count: made.value.log.count }];
  });
  const best = tried.reduce((a, b) => (b.count > a.count ? b : a), {
    name: "",
    choice: "combined",
    count: 0,
  } as {
    name: string;
    choice: LogFormatChoice;
    count: number;
  });
  if (best.count > 0) return recorderOf(best.name, best.choice);
  return problem(
    "config",
    "no line of the beginning is in a known format",
    "say how the lines are written: --format '<your log_format>', or combined, caddy, traefik, traefik-json",
  );
}

function recorderOf(name: string, choice: LogFormatChoice): Result<LogRecorder> {
  const reader = readerOf(choice);
  if (!reader.ok) return reader;
  const log = startRecord();
  const observer = logObserver({ reader: ofOneRelease(reader.value), foldRoute: () => "" });
  observer.routes(always);
  const clients = new Map<string, number>();
  const seen = {
    observation({ at, status, client }: { at: number; status: number; client: string }) {
      const known = clients.get(client) ?? clients.size;
      if (known === clients.size) clients.set(client, known);
      record(log, at, status, known);
    },
    unparsed() {
      log.unparsed += 1;
    },
  };
  return ok({ log, format: name, take: (block) => observer.observe(block, seen) });
}

/** Whatever a line says of servers and releases: all of the log is taken as one release's. */
function ofOneRelease(reader: SpanReader): SpanReader {
  return (bytes, at, spans) => {
    const after = reader(bytes, at, spans);
    spans.upstream.to = -1;
    spans.release.to = -1;
    return after;
  };
}

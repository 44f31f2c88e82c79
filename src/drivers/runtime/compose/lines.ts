// Newest lines of containers, read no more often than they can change: a run looks at each of them many times.
import type { Clock } from "../../../ports/clock.ts";
import type { Docker } from "../../docker/cli.ts";
import { lastLinesOf } from "../../docker/containers.ts";
import type { Container } from "../../docker/inspect.ts";

const FRESH_MS = 1_000;
const FORGET_MS = 600_000;

type Lines = readonly string[];
type Read = {
  readonly at: number;
  readonly lines: Promise<Lines>;
  /** It has ended, and said the same twice: the engine has written down all of it. */
  last: boolean;
  askedAt: number;
};

export type LineReader = (container: Container, redact: (text: string) => string) => Promise<Lines>;

/** Of one that has ended nothing more comes: a way back must not wait for the client to read that again. */
export function lineReader(docker: Docker, clock: Clock): LineReader {
  const reads = new Map<string, Read>();
  return async (container, redact) => {
    const now = clock.elapsed();
    for (const [key, { askedAt }] of reads) if (now - askedAt >= FORGET_MS) reads.delete(key);
    // One that was started again since then has more to say.
    const key = [container.id, container.status, container.restarts, container.startedAt].join(" ");
    const known = reads.get(key);
    if (known && (known.last || now - known.at < FRESH_MS)) {
      known.askedAt = now;
      return known.lines;
    }
    const read: Read = {
      at: now,
      lines: lastLinesOf(docker, container.id, redact),
      last: false,
      askedAt: now,
    };
    reads.set(key, read);
    const [before, lines] = await Promise.all([known?.lines ?? null, read.lines]);
    const ended = container.status === "exited" || container.status === "dead";
    read.last = ended && lines.length > 0 && before?.join("\n") === lines.join("\n");
    return lines;
  };
}

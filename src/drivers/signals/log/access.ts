// Signals from the embedded proxy's access log: every request of every user, exactly once.
import { join } from "node:path";
import { z } from "zod";
import { type Json, parseJson } from "../../../core/json.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Files } from "../../../ports/files.ts";
import type { HttpClient } from "../../../ports/http-client.ts";
import type { Batch, Signals } from "../../../ports/signals.ts";
import { type LogRead, logEnd, readLog } from "./access-file.ts";

/** How long the proxy may take to say how it is: an observation never waits longer. */
const statsTimeoutMs = 40;
/** The proxy is asked at most this often. */
const statsEveryMs = 500;
/** Slow answers in a row before the proxy counts as gone: a busy machine is not a dead proxy. */
const slowAnswers = 3;
/** A line that waits this long for the disk is not going to be written soon. */
const waitingLimitMs = 2_000;

const place = { sequence: z.int().min(1), offset: z.int().min(0) };
const position = z.strictObject({
  ...place,
  skipping: z.boolean(),
  /** What the proxy said when it was last asked, and where the log was read to at that time. */
  seen: z
    .strictObject({ ...place, startedAt: z.number(), requests: z.number(), dropped: z.number() })
    .nullable(),
  blind: z.string().nullable(),
});
type Position = z.infer<typeof position>;

const settings = z.object({ controlSocket: z.string() });
const stats = z.object({
  startedAt: z.number(),
  requests: z.number(),
  log: z.object({ dropped: z.number(), waitingMs: z.number(), lastError: z.string().nullable() }),
});
type Stats = z.infer<typeof stats>;

export type AccessDeps = { readonly files: Files; readonly http: HttpClient; readonly clock: Clock };

export type AccessConfig = {
  /** Where an environment has several; `access` otherwise. */
  readonly name?: string;
  readonly proxyStateDir: string;
  /** Where the proxy is asked how it is; without it, where its settings file says, which is as the proxy sees it. */
  readonly controlSocket?: string | null;
};

export function accessSignals(config: AccessConfig, deps: AccessDeps): Signals {
  const { files, clock } = deps;
  const dir = config.proxyStateDir;
  let askedAt = Number.NEGATIVE_INFINITY;
  let slow = 0;

  async function here(): Promise<Result<Position>> {
    // Asked first: what it counts up to now is then surely before the end of the log that is read next.
    const said = await ask(config, deps);
    const end = await logEnd(dir, files);
    if (!end.ok) return end;
    return ok({ ...end.value, seen: said.ok ? remember(said.value, end.value) : null, blind: null });
  }

  /** Null: not asked this time. */
  async function askInTurn(): Promise<Result<Stats> | null> {
    if (clock.elapsed() - askedAt < statsEveryMs) return null;
    askedAt = clock.elapsed();
    const said = await ask(config, deps);
    slow = !said.ok && said.error.code === "timeout" ? slow + 1 : 0;
    return slow > 0 && slow < slowAnswers ? null : said;
  }

  return {
    name: config.name ?? "access",
    about: "requests",
    position: here,
    async observe(from): Promise<Result<Batch>> {
      const known = position.safeParse(from);
      const start = known.success ? ok(known.data) : await here();
      if (!start.ok) return start;
      const said = await askInTurn();
      const { sequence, offset, skipping } = start.value;
      const read = await readLog(dir, { sequence, offset, skipping }, files);
      return read.ok ? ok(batch(start.value, read.value, said)) : read;
    },
  };
}

function batch(from: Position, read: LogRead, said: Result<Stats> | null): Batch {
  const { blind, seen } = judge(from, read, said);
  const next: Position = { ...read.next, seen, blind };
  const { observations, unparsed, more } = read;
  return {
    observations,
    next: next as Json,
    unparsed,
    ...(more && { more }),
    blind: read.lost ? "a part of the access log was removed before it was read" : blind,
  };
}

type Judged = Pick<Position, "blind" | "seen">;

/** Is the log what the proxy says it is? Between two questions the newest answer stands. */
function judge(from: Position, read: LogRead, said: Result<Stats> | null): Judged {
  if (said === null) return { blind: read.grew ? null : from.blind, seen: from.seen };
  if (!said.ok) return { blind: `the proxy does not answer: ${said.error.what}`, seen: from.seen };
  const { startedAt, requests, log } = said.value;
  const same = from.seen?.startedAt === startedAt ? from.seen : null;
  if (log.waitingMs > waitingLimitMs) {
    const why = log.lastError === null ? "" : `: ${log.lastError}`;
    return { blind: `the proxy can't write its access log${why}`, seen: from.seen };
  }
  const wentUp = requests > (same ? same.requests : from.seen === null ? requests : 0);
  const stood = from.seen?.sequence === read.next.sequence && from.seen.offset === read.next.offset;
  // Not remembered: the suspicion stands until the log grows.
  if (wentUp && stood && log.waitingMs === 0) {
    return { blind: "requests pass the proxy, but its access log does not grow", seen: from.seen };
  }
  const lost = from.seen === null ? 0 : log.dropped - (same?.dropped ?? 0);
  const seen = remember(said.value, read.next);
  return { blind: lost > 0 ? `the proxy could not keep ${lost} lines of its access log` : null, seen };
}

function remember(said: Stats, at: { readonly sequence: number; readonly offset: number }): Position["seen"] {
  const { sequence, offset } = at;
  return { sequence, offset, startedAt: said.startedAt, requests: said.requests, dropped: said.log.dropped };
}

async function ask(config: AccessConfig, { files, http }: AccessDeps): Promise<Result<Stats>> {
  const socket = config.controlSocket ? ok(config.controlSocket) : await written(config.proxyStateDir, files);
  if (!socket.ok) return socket;
  const answer = await http.request({
    method: "GET",
    url: "http://proxy/stats",
    socketPath: socket.value,
    timeoutMs: statsTimeoutMs,
  });
  if (!answer.ok) return answer;
  const said = stats.safeParse(parseJson(answer.value.body));
  if (said.success) return ok(said.data);
  return problem("failed", "the proxy's figures were not understood", "restart the proxy with this version");
}

async function written(dir: string, files: Files): Promise<Result<string>> {
  const path = join(dir, "proxy.json");
  const text = await files.read(path);
  if (!text.ok) return text;
  const found = settings.safeParse(parseJson(text.value.toString("utf8")));
  if (found.success) return ok(found.data.controlSocket);
  return problem("damaged", `${path} is not the proxy's settings file`, "start the proxy again");
}

// Rows from one session to another: what the one copies out, the other copies in, with one chunk in memory.
import { ok, type Result } from "../../../../core/result.ts";
import type { SqlSession } from "../../../../ports/sql.ts";

/** `select` is a query of the one; `into` a table of the other with its columns. The number of rows. */
export async function ship(
  from: SqlSession,
  select: string,
  to: SqlSession,
  into: string,
): Promise<Result<number>> {
  const belt = makeBelt();
  const [out, arrived] = await Promise.all([send(from, select, belt), take(to, into, belt)]);
  if (!out.ok) return out;
  if (arrived === null) throw new Error("the source failed, and did not say so");
  return arrived.ok ? ok(arrived.value.count) : arrived;
}

type Belt = ReturnType<typeof makeBelt>;

async function send(from: SqlSession, select: string, belt: Belt) {
  let well = false;
  try {
    const done = await from.copyOut(`COPY (${select}) TO STDOUT`, belt.put);
    well = done.ok;
    return done;
  } finally {
    belt.end(well);
  }
}

/** Null where the source failed, which says so itself. */
async function take(to: SqlSession, into: string, belt: Belt) {
  try {
    return await to.copyIn(`COPY ${into} FROM STDIN`, belt.chunks());
  } catch (error) {
    if (error instanceof SourceFailed) return null;
    throw error;
  } finally {
    belt.stop();
  }
}

class SourceFailed extends Error {
  override name = "SourceFailed";
}

/** One chunk at a time: `put` waits until it was taken. After `stop` whatever still comes is let fall. */
function makeBelt() {
  let chunk: { readonly bytes: Uint8Array; readonly taken: () => void } | null = null;
  let ended: "not" | "well" | "badly" = "not";
  let stopped = false;
  let wake: () => void = () => undefined;
  const next = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
      if (chunk !== null || ended !== "not") resolve();
    });
  return {
    put: (bytes: Uint8Array): Promise<void> =>
      new Promise((resolve) => {
        if (stopped) return resolve();
        chunk = { bytes, taken: resolve };
        wake();
      }),
    end: (well: boolean): void => {
      ended = well ? "well" : "badly";
      wake();
    },
    stop: (): void => {
      stopped = true;
      chunk?.taken();
      chunk = null;
    },
    async *chunks(): AsyncGenerator<Uint8Array> {
      for (;;) {
        await next();
        if (chunk !== null) {
          const { bytes, taken } = chunk;
          chunk = null;
          yield bytes;
          taken();
        } else if (ended === "badly") throw new SourceFailed();
        else if (ended === "well") return;
      }
    },
  };
}

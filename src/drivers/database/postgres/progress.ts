// How far a program is that does not say so itself: while it works, what it makes is looked at from outside.
import { join } from "node:path";
import { ok } from "../../../core/result.ts";
import type { Context } from "./context.ts";
import { oneValue } from "./rows.ts";
import { atDesk } from "./swap/entry.ts";

const LOOK_MS = 1_000;

export type Work = {
  /** In words: `dumping shop`. */
  readonly what: string;
  /** Bytes in all, as far as can be known before; null where nobody knows. */
  readonly total: number | null;
  /** Bytes so far; null where it can't be seen now. Must not fail. */
  readonly done: () => Promise<number | null>;
};

type Telling = Pick<Context, "clock" | "tell">;

/** The work's own answer. Nobody waits for a look, but for the one that is under way at the end. */
export async function told<T>({ clock, tell }: Telling, work: Work, doing: Promise<T>): Promise<T> {
  if (!tell) return doing;
  const over = new AbortController();
  const { what, total } = work;
  const looking = async () => {
    for (;;) {
      await clock.sleep(LOOK_MS, over.signal);
      if (over.signal.aborted) return;
      const done = await work.done();
      if (done !== null) tell({ what, unit: "bytes", done, total });
    }
  };
  const looked = looking();
  try {
    return await doing;
  } finally {
    over.abort();
    await looked;
  }
}

/** Of the files that lie in it; null where it is not there, or not on this machine. */
export async function bytesInFolder({ files }: Pick<Context, "files">, path: string): Promise<number | null> {
  const names = await files.list(path);
  if (!names.ok) return null;
  const stats = await Promise.all(names.value.map((name) => files.stat(join(path, name))));
  return stats.reduce((sum, stat) => sum + ((stat.ok && stat.value?.size) || 0), 0);
}

/** A database that is being filled grows to what it was. */
export async function bytesOfDatabase(context: Context, name: string): Promise<number | null> {
  const asked = await atDesk(context, async (session) => {
    const bytes = await oneValue(
      session,
      "SELECT pg_catalog.pg_database_size(oid) FROM pg_catalog.pg_database WHERE datname = $1",
      [name],
    );
    return bytes.ok ? ok(bytes.value === null ? null : Number(bytes.value)) : bytes;
  });
  return asked.ok ? asked.value : null;
}

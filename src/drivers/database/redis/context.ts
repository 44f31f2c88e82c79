// What every part of the Redis driver is given, and the names that are ours inside the server.
import type { Retention } from "../../../core/backups/retention.ts";
import type { Result } from "../../../core/result.ts";
import type { Clock, Ids } from "../../../ports/clock.ts";
import type { Files } from "../../../ports/files.ts";
import type { Processes } from "../../../ports/processes.ts";
import type { RedisAt, RedisDial, RedisLink } from "../../../ports/redis-link.ts";

export type RedisStoreConfig = {
  /** Absolute path of a folder for the snapshots of this store alone. */
  readonly backupDir: string;
  /** How many snapshots stay, and apart from them how many states that a restore replaced. At least 1. */
  readonly keep: number;
  /** Beside the newest ones: one of each of so many days, weeks and months. */
  readonly also?: Omit<Retention, "newest">;
  /** `refuse`: a restore is `busy` while a client that may write is connected. `stay`: they see the other data at once. */
  readonly clients: "refuse" | "stay";
  /** The redis-server that snapshots are proved with: a path, or a name in PATH. */
  readonly server: string;
};

export type RedisStoreDeps = {
  readonly files: Files;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly processes: Processes;
  /** Of our own scratch server. */
  readonly env: Readonly<Record<string, string>>;
  readonly dial: RedisDial;
  /** Where the store is, asked at each use: a password may be a new one, a container may have moved. */
  readonly reach: () => Promise<Result<RedisAt>>;
};

export type Context = RedisStoreDeps & {
  readonly config: RedisStoreConfig;
  /** Names of scratch folders that are used now: what looks like a leftover of a crash, and is none. */
  readonly using: Set<string>;
};

/** Ours, in database 0: which store this is. Never counted, never compared. */
export const IDENTITY = "lastgood:store";
/** Ours, in database 0: the restore that made the data what they are. */
export const MARKER = "lastgood:restored";
/** Ours, in a numbered database that the app does not use: what we put there. */
export const TAG = "lastgood:spare";

export const ours: readonly string[] = [IDENTITY, MARKER, TAG];

/** A connection to the store for as long as `work` takes. */
export async function withLive<T>(
  { dial, reach }: Pick<Context, "dial" | "reach">,
  work: (live: RedisLink, at: RedisAt) => Promise<Result<T>>,
): Promise<Result<T>> {
  const at = await reach();
  if (!at.ok) return at;
  const link = await dial.connect(at.value);
  if (!link.ok) return link;
  try {
    return await work(link.value, at.value);
  } finally {
    link.value.close();
  }
}

import type { Result } from "../core/result.ts";
import type { Secret } from "../core/secret.ts";

/** `ca`: certificates (PEM) that are believed instead of the system's; null: those of the system. */
export type RedisTls = { readonly ca: Buffer | null };

export type RedisAt = {
  readonly address:
    | { readonly path: string }
    | { readonly host: string; readonly port: number; readonly tls: RedisTls | null };
  /** Null: the default user. */
  readonly user: string | null;
  readonly password: Secret | null;
};

/** What the server said no to, in its own words: `NOPERM this user has no permissions …`. */
export type RedisRefusal = { readonly refused: string };

/** As it was sent: texts are bytes. */
export type RedisReply = Buffer | number | null | RedisRefusal | readonly RedisReply[];

export type RedisCommand = readonly (string | Buffer)[];

/** A connection, logged in. Failures: `unreachable`, `timeout`, `failed`. What the server refuses is a reply. */
export interface RedisLink {
  /** Sends them all, and gives a reply for each, in order. */
  ask(commands: readonly RedisCommand[]): Promise<Result<readonly RedisReply[]>>;
  close(): void;
}

export interface RedisDial {
  connect(at: RedisAt): Promise<Result<RedisLink>>;
  /**
   * The content at one moment, as a replica gets it, into a fresh file (0600, fsynced). The server forks for it, and by
   * its own setting waits up to five seconds first. `cancelled` where `signal` ends it; what was written then is removed.
   */
  fetch(at: RedisAt, path: string, signal: AbortSignal): Promise<Result<{ readonly bytes: number }>>;
}

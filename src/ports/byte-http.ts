import type { Result } from "../core/result.ts";

export type ByteRequest = {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Certificates (PEM) that are trusted instead of the system's; null: the system's. */
  readonly ca: string | null;
  /** A longer answer is `failed`: it would not fit the memory that we give it. */
  readonly mostBytes: number;
};

export type ByteAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
};

/** HTTP for large things: bodies are bytes, connections are used again, no redirects. */
export interface ByteHttp {
  /**
   * Any whole answer is ok, whatever its status. `unreachable` (refused, reset, cut off in the middle), `timeout`
   * (silent for a minute, or a quarter of an hour in all), `refused` (its certificate is not trusted).
   */
  exchange(request: ByteRequest): Promise<Result<ByteAnswer>>;
}

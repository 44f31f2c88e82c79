import type { Result } from "../core/result.ts";

export type HttpRequest = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** `http://host:port/path`; the host part is ignored where `socketPath` is given. */
  readonly url: string;
  readonly socketPath?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
};

export type HttpAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
};

/** A client for probes and control sockets: no redirects, no keep-alive, bodies capped at 1 MiB. */
export interface HttpClient {
  /** `unreachable` (refused, reset), `timeout`, or any answer whatever its status. */
  request(request: HttpRequest): Promise<Result<HttpAnswer>>;
}

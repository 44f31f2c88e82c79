import type { Result } from "../core/result.ts";

/** Where a line protocol is spoken: a unix socket, or a TCP address. */
export type StreamAddress = { readonly path: string } | { readonly host: string; readonly port: number };

/** One question and one answer over a plain stream, such as a runtime socket. */
export interface StreamSocket {
  /**
   * Connect, write `text`, read until the other side closes. `unreachable` where nobody listens, `timeout`
   * when the end does not come in time (the text may have had its effect all the same).
   */
  ask(address: StreamAddress, text: string, timeoutMs: number): Promise<Result<string>>;
}

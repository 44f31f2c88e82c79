// Plays a daemon on a unix socket that only we may open: a program of ours asks, a function answers.
import { listenOnSocket } from "./control-server.ts";

export type SocketRequest = {
  readonly method: string;
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  readonly body: string;
};

export type SocketAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** Listens until it is closed. An old socket file in the way is removed. */
export function answerOnSocket(
  path: string,
  answer: (asked: SocketRequest) => SocketAnswer,
): Promise<{ close(): void }> {
  return listenOnSocket(path, async (request) => {
    const url = new URL(request.url);
    const asked = { method: request.method, path: url.pathname, query: url.search.slice(1) };
    const { status, headers, body } = answer({ ...asked, body: await request.text() });
    return new Response(request.method === "HEAD" ? null : body, { status, headers: { ...headers } });
  });
}

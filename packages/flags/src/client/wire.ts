// HTTP to the service: one long answer that is a stream of events, and small posts beside it. Keeps nobody alive.
import { type ClientRequest, Agent as PlainAgent, request as plainRequest } from "node:http";
import { Agent as TlsAgent, request as tlsRequest } from "node:https";
import type { Duplex, Readable } from "node:stream";

export type Wire = {
  /** Begin a stream. Exactly one `end` follows, whatever happens. */
  open(headers: Readonly<Record<string, string>>, hear: Hear): Stream;
  /** Resolves to the status, or 0 where no answer came in time. */
  post(path: string, body: unknown, timeoutMs: number): Promise<number>;
  /** From now on posts keep the process alive until they are answered: somebody waits for the end. */
  closing(): void;
  close(): void;
};

export type Stream = {
  close(): void;
  /** Confirm a version on the same connection; false where this stream goes one way only. */
  confirm(version: number): boolean;
};

export type Hear = {
  /** Any bytes came: how many so far. */
  bytes(count: number): void;
  event(name: string, data: string): void;
  end(why: string): void;
};

const protocol = "lastgood-flags";
const longestEvent = 64 * 1024 * 1024;

export function wire(base: string, key: string): Wire {
  const root = new URL(base.endsWith("/") ? base : `${base}/`);
  const secure = root.protocol === "https:";
  const make = secure ? tlsRequest : plainRequest;
  const options = { keepAlive: true, maxSockets: 1 };
  const agent = secure ? new TlsAgent(options) : new PlainAgent(options);
  const authorization = `Bearer ${key}`;
  let ending = false;
  return {
    open(headers, hear) {
      const request = make(new URL("flags/v1/stream", root), {
        agent: false,
        headers: {
          ...headers,
          authorization,
          accept: "text/event-stream",
          connection: "upgrade",
          upgrade: protocol,
        },
      });
      return follow(request, hear);
    },
    post(path, body, timeoutMs) {
      const text = JSON.stringify(body);
      const headers = {
        authorization,
        "content-type": "application/json",
        "content-length": String(Buffer.byteLength(text)),
      };
      return new Promise((resolve) => {
        const request = make(new URL(path, root), { agent, method: "POST", headers, timeout: timeoutMs });
        request.on("socket", (socket) => (ending ? socket.ref() : socket.unref()));
        request.on("timeout", () => request.destroy());
        request.on("error", () => resolve(0));
        request.on("response", (answer) => {
          answer.resume();
          answer.on("error", () => resolve(0));
          answer.on("end", () => resolve(answer.statusCode ?? 0));
        });
        request.end(text);
      });
    },
    closing() {
      ending = true;
    },
    close: () => agent.destroy(),
  };
}

/** With a service that knows it, the connection leaves HTTP and goes both ways; with anything between, it is a plain stream. */
function follow(request: ClientRequest, hear: Hear): Stream {
  let over = false;
  let both: Duplex | null = null;
  const end = (why: string) => {
    if (over) return;
    over = true;
    both?.destroy();
    request.destroy();
    hear.end(why);
  };
  request.on("socket", (socket) => {
    socket.setNoDelay(true);
    socket.unref();
  });
  request.on("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  request.on("response", (answer) => {
    const type = answer.headers["content-type"] ?? "";
    if (answer.statusCode !== 200) end(`it answered ${answer.statusCode}`);
    else if (!type.startsWith("text/event-stream")) end(`it answered ${type || "something else"}`);
    else readEvents(answer, hear, end);
  });
  request.on("upgrade", (_answer, connection: Duplex, head: Buffer) => {
    if (over) {
      connection.destroy();
      return;
    }
    both = connection;
    if (head.length > 0) connection.unshift(head);
    readEvents(connection, hear, end);
  });
  request.end();
  return {
    close: () => end("closed"),
    confirm(version) {
      if (!both?.writable) return false;
      both.write(`applied ${version}\n`);
      return true;
    },
  };
}

function readEvents(answer: Readable, hear: Hear, end: (why: string) => void): void {
  let rest = "";
  let count = 0;
  answer.setEncoding("utf8");
  answer.on("data", (chunk: string) => {
    count += chunk.length;
    hear.bytes(count);
    rest += chunk;
    // An end can only be where something new is.
    let from = Math.max(0, rest.length - chunk.length - 1);
    for (let at = rest.indexOf("\n\n", from); at >= 0; at = rest.indexOf("\n\n")) {
      from = 0;
      const block = rest.slice(0, at);
      rest = rest.slice(at + 2);
      hearBlock(block, hear);
    }
    if (rest.length > longestEvent) end("it sent an endless event");
  });
  answer.on("error", (error) => end((error as NodeJS.ErrnoException).code ?? error.message));
  answer.on("end", () => end("the stream ended"));
  answer.on("close", () => end("the connection was closed"));
}

function hearBlock(block: string, hear: Hear): void {
  let name = "message";
  let data = "";
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) name = line.slice(7);
    else if (line.startsWith("data: ")) data += line.slice(6);
  }
  hear.event(name, data);
}

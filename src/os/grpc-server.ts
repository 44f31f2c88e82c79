// As much of gRPC over HTTP/2 as a service needs that answers with messages and takes no more than one: framing and endings.
import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";

/** One call. The caller's own message is thrown away: what matters stands in the headers. */
export type GrpcCall = {
  /** `/package.Service/Method`. */
  readonly path: string;
  header(name: string): string | undefined;
  /** One message; nothing after the call has ended. */
  send(message: Uint8Array): void;
  /** gRPC's status: 0 ok, 12 unimplemented, 16 unauthenticated. */
  end(status: number, text: string): void;
  backlog(): number;
  onClose(act: () => void): void;
};

const frameHead = 5;

export async function listenForGrpc(
  host: string,
  port: number,
  answer: (call: GrpcCall) => void,
): Promise<{ readonly port: number; close(): void }> {
  const sessions = new Set<{ destroy(): void }>();
  const server: Http2Server = createServer();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
    session.on("error", () => session.destroy());
  });
  server.on("stream", (stream, headers) => {
    stream.on("error", () => stream.destroy());
    stream.resume();
    answer(callOf(stream, headers));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : port,
    close() {
      server.close();
      for (const session of sessions) session.destroy();
    },
  };
}

function callOf(stream: ServerHttp2Stream, headers: NodeJS.Dict<string | string[]>): GrpcCall {
  let ending = { status: 0, text: "" };
  const open = () => !stream.destroyed && !stream.closed;
  const respond = () => {
    if (stream.headersSent) return;
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => {
      stream.sendTrailers({
        "grpc-status": String(ending.status),
        "grpc-message": encodeURIComponent(ending.text),
      });
    });
  };
  return {
    path: String(headers[":path"]),
    header: (name) => headers[name]?.toString(),
    send(message) {
      if (!open()) return;
      respond();
      const head = Buffer.alloc(frameHead);
      head.writeUInt32BE(message.length, 1);
      stream.write(Buffer.concat([head, message]));
    },
    end(status, text) {
      if (!open()) return;
      ending = { status, text };
      respond();
      stream.end();
    },
    backlog: () => stream.writableLength,
    onClose: (act) => void stream.on("close", act),
  };
}

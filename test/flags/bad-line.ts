// A line between client and service on which everything can go wrong: real sockets, one port that stays the same.
import { connect, createServer, type Server, type Socket } from "node:net";

export type Trouble =
  | "none"
  /** Nobody listens. */
  | "refused"
  /** It takes connections and says nothing. */
  | "silent"
  | "500"
  | "429"
  | "garbage"
  /** What the service says comes through at one byte a second. */
  | "drip";

const answers: Partial<Record<Trouble, string>> = {
  "500": "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 4\r\n\r\noops",
  "429": "HTTP/1.1 429 Too Many Requests\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n",
  garbage: "\u0000\u0001\u0002 this is no HTTP at all \uffff\r\n\r\n",
};

export async function badLine(target: number) {
  const sockets = new Set<Socket>();
  let trouble: Trouble = "none";
  let server: Server | null = await listen(0);
  const port = (server.address() as { port: number }).port;

  function listen(on: number): Promise<Server> {
    return new Promise((resolve, reject) => {
      const fresh = createServer(serve).listen(on, "127.0.0.1", () => resolve(fresh));
      fresh.on("error", reject);
    });
  }

  function serve(client: Socket): void {
    const keep = (socket: Socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => socket.destroy());
    };
    keep(client);
    const answer = answers[trouble];
    if (answer !== undefined) client.once("data", () => client.end(answer));
    else if (trouble === "silent") client.resume();
    else {
      const service = connect(target, "127.0.0.1");
      keep(service);
      client.pipe(service);
      if (trouble === "drip") drip(service, client);
      else service.pipe(client);
      client.on("close", () => service.destroy());
      service.on("close", () => client.destroy());
    }
  }

  return {
    url: `http://127.0.0.1:${port}`,
    /** From now on, for new connections and the ones that are there. */
    async set(next: Trouble): Promise<void> {
      trouble = next;
      if (next === "silent") for (const socket of sockets) socket.unpipe();
      else for (const socket of sockets) socket.destroy();
      if (next === "refused" && server) {
        const old = server;
        server = null;
        await new Promise((resolve) => old.close(resolve));
      } else if (next !== "refused" && !server) server = await listen(port);
    },
    close(): void {
      server?.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function drip(from: Socket, to: Socket): void {
  const waiting: number[] = [];
  from.on("data", (chunk: Buffer) => waiting.push(...chunk));
  const timer = setInterval(() => {
    const byte = waiting.shift();
    if (byte !== undefined) to.write(Buffer.from([byte]));
  }, 1_000);
  to.on("close", () => clearInterval(timer));
}

// The stream on a connection of its own, when the client asks for it: confirmations come back on the same way.
// The address and the events are those of the stream; a proxy that knows nothing of it leaves the ordinary one.
import type { FlagDesk } from "../../app/flag-desk.ts";
import { callerWith } from "./caller.ts";
import { parsed, processShape } from "./stream.ts";

type Header = string | readonly string[] | undefined;
export type Upgrading = {
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, Header>>;
};
export type Connection = {
  write(text: string): boolean;
  end(text?: string): void;
  destroy(): void;
  on(event: "data", act: (bytes: Uint8Array) => void): void;
  on(event: "close", act: () => void): void;
  readonly writableLength: number;
};

export const protocol = "lastgood-flags";
const hello = `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: ${protocol}\r\n\r\n`;
const longestLine = 200;

/** Takes every connection that wants to leave HTTP; there is nothing else here to leave it for. */
export function flagConnections(desk: FlagDesk, now: () => number) {
  return ({ url, headers }: Upgrading, connection: Connection): void => {
    const wanted = url === "/flags/v1/stream" && headers["upgrade"] === protocol;
    if (!wanted) {
      refuse(connection, "404 Not Found");
      return;
    }
    const key = headers["x-api-key"];
    const caller = callerWith(
      desk,
      String(headers["authorization"] ?? ""),
      key ? String(key) : undefined,
      now(),
    );
    if (!caller) {
      refuse(connection, "401 Unauthorized");
      return;
    }
    const about = processShape.safeParse(parsed(String(headers["lastgood-process"] ?? "")));
    if (!about.success) {
      refuse(connection, "400 Bad Request");
      return;
    }
    const line = {
      write: (text: string) => void connection.write(text),
      backlog: () => connection.writableLength,
      end: () => connection.destroy(),
    };
    const { env } = caller;
    const joined = env.subscribers.join(about.data, caller.key, line);
    if (!joined) {
      refuse(connection, "503 Service Unavailable");
      return;
    }
    connection.on("close", joined.leave);
    hear(connection, (version) => env.subscribers.applied(about.data.instance, version));
    connection.write(hello + env.full());
  };
}

/** Lines of `applied <version>`; anything else ends it. */
function hear(connection: Connection, applied: (version: number) => void): void {
  let rest = "";
  connection.on("data", (bytes) => {
    const lines = (rest + String(bytes)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const version = /^applied (\d{1,15})$/.exec(line)?.[1];
      if (version === undefined) connection.destroy();
      else applied(Number(version));
    }
    if (rest.length > longestLine) connection.destroy();
  });
}

function refuse(connection: Connection, status: string): void {
  connection.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

// The `ws` package as an independent websocket client; it brings no types of its own.
import { createRequire } from "node:module";

type Client = {
  on(event: "message" | "pong", hear: (data: Buffer) => void): void;
  once(event: "open" | "pong", hear: (data: Buffer) => void): void;
  once(event: "error", hear: (error: Error) => void): void;
  once(event: "close", hear: (code: number) => void): void;
  send(data: string | Buffer, options?: { readonly fin?: boolean; readonly binary?: boolean }): void;
  ping(data: string): void;
  close(code?: number): void;
};
type Constructor = new (
  url: string,
  options: { readonly headers: Readonly<Record<string, string>>; readonly skipUTF8Validation: boolean },
) => Client;
const require = createRequire(import.meta.url);
const { WebSocket }: { readonly WebSocket: Constructor } = require("ws");

export type Chat = {
  readonly client: Client;
  /** The next line that all hear, in the order of arrival. */
  readonly hear: () => Promise<{ readonly from: string; readonly text: string }>;
  readonly closed: Promise<number>;
};

export async function joinChat(shopUrl: string, sid = ""): Promise<Chat> {
  const client = new WebSocket(`${shopUrl.replace("http", "ws")}/chat`, {
    headers: sid === "" ? {} : { cookie: `sid=${sid}` },
    skipUTF8Validation: true,
  });
  const heard: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  client.on("message", (data) => {
    const next = waiting.shift();
    if (next) next(data.toString());
    else heard.push(data.toString());
  });
  const closed = new Promise<number>((resolve) => client.once("close", resolve));
  await new Promise<void>((resolve, reject) => {
    client.once("open", () => resolve());
    client.once("error", reject);
  });
  const line = () => {
    const ready = heard.shift();
    return ready === undefined
      ? new Promise<string>((resolve) => waiting.push(resolve))
      : Promise.resolve(ready);
  };
  return { client, closed, hear: async () => JSON.parse(await line()) };
}

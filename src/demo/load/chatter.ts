// Holds one websocket open, talks in the chat, and counts the echoes.
import { randomBytes } from "node:crypto";
import { request as open } from "node:http";
import type { Duplex } from "node:stream";
import { bounds } from "./bounds.ts";
import { maskedFrame, OPCODE, takeFrames } from "./frames.ts";
import { lost } from "./send.ts";
import type { Tally } from "./tally.ts";

const NORMAL = 1000;
const GOING_AWAY = 1001;
const GOODBYE_MS = 1_000;

/** Sums over all clients. */
export type ChatCounts = {
  opened: number;
  messagesSent: number;
  /** Own messages that came back. Those on their way when a connection ends are missing here. */
  echoed: number;
  /** Closed by the server in good order (1000, 1001): the client opens a new one. */
  toldToLeave: number;
  /** Ended without a goodbye, or with one that names an error. */
  closedUnexpectedly: number;
};

export type Chatter = { stop(): Promise<void> };

type Parts = {
  readonly url: URL;
  readonly path: string;
  readonly name: string;
  readonly headers: () => Readonly<Record<string, string>>;
  readonly tally: Tally;
  readonly counts: ChatCounts;
};

type Line = { readonly say: (text: string) => void; readonly leave: () => Promise<void> };

export function createChatter(parts: Parts): Chatter {
  const unechoed = new Set<string>();
  let line: Line | undefined;
  let messages = 0;
  let isStopped = false;
  let again: NodeJS.Timeout | undefined;
  const ended = () => {
    line = undefined;
    unechoed.clear();
    if (!isStopped) again = setTimeout(connect, bounds.websocketAgainMs);
  };
  const connect = () => {
    dial(parts, unechoed, ended, (opened) => {
      line = opened;
      if (isStopped) void opened.leave();
    });
  };
  const talk = setInterval(() => {
    if (line === undefined || unechoed.size >= bounds.unechoed) return;
    const text = `${parts.name} says ${++messages}`;
    unechoed.add(text);
    parts.counts.messagesSent += 1;
    line.say(text);
  }, bounds.messageEveryMs);
  connect();
  return {
    async stop() {
      isStopped = true;
      clearInterval(talk);
      clearTimeout(again);
      const until = performance.now() + GOODBYE_MS;
      while (unechoed.size > 0 && performance.now() < until)
        await new Promise((resolve) => setTimeout(resolve, 10));
      await line?.leave();
    },
  };
}

/** Opens one connection; calls `ended` once when it is over, however it went. */
function dial(parts: Parts, unechoed: Set<string>, ended: () => void, opened: (line: Line) => void): void {
  const finish = parts.tally.begin("GET /chat", false);
  const request = open({
    host: parts.url.hostname,
    port: Number(parts.url.port || 80),
    path: parts.path,
    agent: false,
    timeout: bounds.answerMs,
    headers: {
      ...parts.headers(),
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": randomBytes(16).toString("base64"),
    },
  });
  request.on("timeout", () => request.destroy(new Error("no answer in time")));
  request.on("error", (error) => {
    finish(lost(error, request));
    ended();
  });
  request.on("response", (response) => {
    finish({ kind: "answered", status: response.statusCode ?? 0, head: response.headers });
    response.on("error", () => {});
    response.on("close", ended);
    response.resume();
  });
  request.on("upgrade", (response, socket, head) => {
    finish({ kind: "answered", status: 101, head: response.headers });
    parts.counts.opened += 1;
    opened(hold(parts.counts, unechoed, socket, head, ended));
  });
  request.end();
}

function hold(
  counts: ChatCounts,
  unechoed: Set<string>,
  socket: Duplex,
  head: Buffer,
  ended: () => void,
): Line {
  let goodbye: number | undefined;
  let isLeaving = false;
  const write = (opcode: number, payload: Buffer) => {
    if (socket.writable) socket.write(maskedFrame(opcode, payload, randomBytes(4)));
  };
  const hear = (opcode: number, payload: Buffer) => {
    if (opcode === OPCODE.PING) write(OPCODE.PONG, payload);
    if (opcode === OPCODE.TEXT && unechoed.delete(textOf(payload))) counts.echoed += 1;
    if (opcode !== OPCODE.CLOSE) return;
    goodbye = payload.length < 2 ? NORMAL : payload.readUInt16BE(0);
    if (!isLeaving) write(OPCODE.CLOSE, payload.subarray(0, 2));
    socket.end();
  };
  let rest = head;
  const take = (chunk: Buffer) => {
    const taken = takeFrames(Buffer.concat([rest, chunk]));
    rest = taken.rest;
    for (const frame of taken.frames) hear(frame.opcode, frame.payload);
    if (taken.isBroken) socket.destroy();
  };
  socket.on("data", take);
  socket.on("error", () => socket.destroy());
  socket.on("end", () => socket.end());
  const closed = new Promise<void>((resolve) => {
    socket.on("close", () => {
      if (!isLeaving && (goodbye === NORMAL || goodbye === GOING_AWAY)) counts.toldToLeave += 1;
      else if (!isLeaving) counts.closedUnexpectedly += 1;
      ended();
      resolve();
    });
  });
  if (head.length > 0) take(Buffer.alloc(0));
  return {
    say: (text) => write(OPCODE.TEXT, Buffer.from(text)),
    async leave() {
      isLeaving = true;
      write(OPCODE.CLOSE, Buffer.from([NORMAL >> 8, NORMAL & 0xff]));
      const cut = setTimeout(() => socket.destroy(), GOODBYE_MS);
      await closed;
      clearTimeout(cut);
    },
  };
}

/** The shop sends `{"from","text","version"}`; anything else is nobody's echo. */
function textOf(payload: Buffer): string {
  try {
    const line: unknown = JSON.parse(payload.toString("utf8"));
    if (line !== null && typeof line === "object" && "text" in line) return String(line.text);
  } catch {}
  return "";
}

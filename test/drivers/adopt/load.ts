// Users of a stack: keep-alive connections that never pause, slow requests, and a websocket that stays.

import { randomBytes } from "node:crypto";
import http from "node:http";
import type { Socket } from "node:net";

export type Loss = {
  readonly kind: "status" | "reset" | "refused";
  readonly what: string;
  readonly at: number;
};

export type Users = {
  answered(): number;
  /** Releases in the order in which they were first seen. */
  releases(): readonly string[];
  lost(): readonly Loss[];
  /** Echoes of the websocket so far; throws where it was cut. */
  echoes(): number;
  stop(): Promise<void>;
};

/** `slowShare`: every how many requests asks `/slow`, which takes half a second. */
export async function users(url: string, connections: number, slowEvery = 20): Promise<Users> {
  const losses: Loss[] = [];
  const seen = new Set<string>();
  let answered = 0;
  let stopped = false;
  async function user(number: number): Promise<void> {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    for (let turn = number; !stopped; turn += 1) {
      const path = turn % slowEvery === 0 ? "/slow" : `/${turn}`;
      const loss = await one(agent, `${url}${path}`, seen);
      if (loss === null) answered += 1;
      else losses.push({ ...loss, at: Date.now() });
      if (loss?.kind === "refused") await new Promise((resolve) => setTimeout(resolve, 5));
    }
    agent.destroy();
  }
  const socket = await webSocket(url);
  let echoed = 0;
  let cut: string | null = null;
  socket.on("data", () => {
    echoed += 1;
    if (!stopped) setTimeout(() => socket.writable && socket.write("again"), 20);
  });
  socket.on("error", (error) => {
    cut = error.message;
  });
  socket.on("close", () => {
    cut ??= "closed";
  });
  socket.write("first");
  const all = Array.from({ length: connections }, (_, number) => user(number));
  return {
    answered: () => answered,
    releases: () => [...seen],
    lost: () => losses,
    echoes: () => {
      if (cut !== null) throw new Error(`the websocket was cut: ${cut}`);
      return echoed;
    },
    async stop() {
      stopped = true;
      await Promise.all(all);
      socket.destroy();
    },
  };
}

function one(agent: http.Agent, url: string, seen: Set<string>): Promise<Omit<Loss, "at"> | null> {
  return new Promise((resolve) => {
    const request = http.get(url, { agent }, (response) => {
      const release = response.headers["x-lastgood-release"];
      if (typeof release === "string") seen.add(release);
      response.resume();
      response.once("end", () => {
        const status = response.statusCode ?? 0;
        resolve(status === 200 ? null : { kind: "status", what: `${status} of ${url}` });
      });
      response.once("error", (error) => resolve({ kind: "reset", what: error.message }));
    });
    request.once("error", (error: NodeJS.ErrnoException) => {
      const reused = request.reusedSocket ? "reused " : "";
      resolve({ kind: error.code === "ECONNREFUSED" ? "refused" : "reset", what: `${reused}${error.code}` });
    });
  });
}

function webSocket(url: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const headers = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": randomBytes(16).toString("base64"),
    };
    const request = http.get(`${url}/socket`, { headers, agent: false });
    request.once("upgrade", (_response, socket) => resolve(socket));
    request.once("response", (response) => reject(new Error(`no websocket: ${response.statusCode}`)));
    request.once("error", reject);
  });
}

import http from "node:http";
import type { Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { ask, type Bed, backend, proxyBed, type RawBackend, rawBackend, route, until } from "./bed.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function rawApp(
  onSocket: (socket: Socket) => void,
  upstreamKeepAliveMs = 1_500,
): Promise<{ bed: Bed; app: RawBackend }> {
  const bed = await proxyBed({ tuning: { upstreamKeepAliveMs } });
  const app = await rawBackend(onSocket);
  open.push(bed, app);
  await bed.to(route(app));
  return { bed, app };
}

/** Ends every connection 1 ms after an answer, without announcing it: reuse races with the end. */
function hasty(socket: Socket): void {
  let text = "";
  let ending: NodeJS.Timeout | undefined;
  socket.on("data", (piece) => {
    clearTimeout(ending);
    text += piece.toString("latin1");
    for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
      const length = Number(/content-length: (\d+)/i.exec(text.slice(0, end))?.[1] ?? 0);
      if (text.length < end + 4 + length) return;
      text = text.slice(end + 4 + length);
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    }
    ending = setTimeout(() => socket.destroy(), 1);
  });
}

test.each(["GET", "POST"])(
  "an app that closes idle connections after 1 ms causes no failed %s",
  { timeout: 60_000 },
  async (method) => {
    const { bed } = await rawApp(hasty);
    const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
    const failed: number[] = [];
    async function client(pauseMs: number): Promise<void> {
      for (let i = 0; i < 300; i += 1) {
        const { status } = await ask(
          `${bed.url}/hasty`,
          { agent, method },
          method === "POST" ? "body" : undefined,
        );
        if (status !== 200) failed.push(status);
        if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
    await Promise.all([0, 0, 0, 1, 1, 1, 2, 2].map(client));
    agent.destroy();
    expect(failed).toEqual([]);
  },
);

const okAnswer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

test("a reused connection that dies under an idempotent request is replaced once, a second death is told", async () => {
  let answered = false;
  const { bed, app } = await rawApp((socket) => {
    socket.on("data", () => {
      if (answered) socket.resetAndDestroy();
      else socket.write(okAnswer);
      answered = true;
    });
  });
  expect((await ask(bed.url)).status).toBe(200);
  expect((await ask(bed.url)).status).toBe(502);
  expect(app.connections()).toBe(2);
});

test("a request that may not be sent twice is not sent twice, also over a reused connection", async () => {
  let posts = 0;
  const { bed, app } = await rawApp((socket) => {
    socket.on("data", (piece) => {
      if (String(piece).startsWith("GET")) socket.write(okAnswer);
      else {
        posts += 1;
        socket.resetAndDestroy();
      }
    });
  }, 1_050);
  expect((await ask(bed.url)).status).toBe(200);
  await until(() => app.live() === 0);
  expect((await ask(bed.url)).status).toBe(200);
  expect((await ask(bed.url, { method: "POST" })).status).toBe(502);
  expect([posts, app.connections()]).toEqual([1, 2]);
});

test("requests that may not be repeated reuse connections once the app showed that it keeps idle ones", async () => {
  const { bed, app } = await rawApp((socket) => socket.on("data", () => socket.write(okAnswer)), 1_050);
  const send = async (method: string) => expect((await ask(bed.url, { method })).status).toBe(200);
  for (const method of ["GET", "POST", "POST"]) await send(method);
  expect(app.connections()).toBe(3);
  await until(() => app.live() === 0);
  for (const method of ["GET", "POST", "POST"]) await send(method);
  expect(app.connections()).toBe(4);
});

test("requests that may not be repeated reuse connections at once where the app says how long it keeps them", async () => {
  const bed = await proxyBed();
  const made = await backend("app", (request, response) => {
    request.resume();
    response.end("ok");
  });
  open.push(bed, made);
  let connections = 0;
  made.server.on("connection", () => {
    connections += 1;
  });
  await bed.to(route(made));
  for (const method of ["GET", "POST", "POST"]) expect((await ask(bed.url, { method })).status).toBe(200);
  expect(connections).toBe(1);
});

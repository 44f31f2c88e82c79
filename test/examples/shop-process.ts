// Runs versions of the example shop as real processes in a temp folder; everything is gone after the test file.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll } from "vitest";
import { makeVersions } from "../../examples/shop/make-versions.mjs";

export type Shop = {
  readonly url: string;
  readonly database: string;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  readonly errors: () => string;
  /** Its log, parsed. */
  readonly log: readonly Readonly<Record<string, unknown>>[];
};

export type Shops = {
  /** Rejects where the process ends before it listens. */
  readonly start: (version: string, database?: string) => Promise<Shop>;
  readonly launch: (
    version: string,
    database?: string,
  ) => { readonly shop: Shop; readonly listens: Promise<Shop> };
};

/** To be called once, at the top of a test file. */
export function useShops(): Shops {
  let folder = "";
  let databases = 0;
  let children: ChildProcess[] = [];
  beforeAll(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), "lastgood-shop-"));
    makeVersions(folder);
  });
  afterEach(async () => {
    await Promise.all(children.map(end));
    children = [];
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const launch = (version: string, database = path.join(folder, `${++databases}.db`)) => {
    const child = spawn(process.execPath, ["server.mjs"], {
      cwd: path.join(folder, version),
      env: { PORT: "0", SHOP_DB: database },
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.push(child);
    return watch(child, database);
  };
  return { launch, start: (version, database) => launch(version, database).listens };
}

function watch(
  child: ChildProcess,
  database: string,
): { readonly shop: Shop; readonly listens: Promise<Shop> } {
  const log: Record<string, unknown>[] = [];
  let errors = "";
  let url = "";
  child.stderr?.on("data", (chunk) => (errors += chunk));
  const exited = new Promise<Awaited<Shop["exited"]>>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  const shop: Shop = {
    get url() {
      return url;
    },
    database,
    kill: (signal) => void child.kill(signal),
    exited,
    errors: () => errors,
    log,
  };
  const listens = new Promise<Shop>((resolve, reject) => {
    if (!child.stdout) return reject(new Error("no stdout"));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const entry: Record<string, unknown> = JSON.parse(line);
      log.push(entry);
      if (entry["what"] !== "listening") return;
      url = `http://127.0.0.1:${entry["port"]}`;
      resolve(shop);
    });
    void exited.then(({ code }) => reject(new Error(`ended with ${code} before it listened: ${errors}`)));
  });
  // Who only launches does not wait for this.
  listens.catch(() => {});
  return { shop, listens };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGKILL");
  await gone;
}

export type Answer = { readonly status: number; readonly headers: Headers; readonly body: string };

/** One request of a client with its own cookie. `path` is asked by POST where there is a body. */
export async function ask(shop: Shop, where: string, body?: unknown, sid = ""): Promise<Answer> {
  const headers = sid === "" ? {} : { cookie: `sid=${sid}` };
  const post = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const answer = await fetch(new URL(where, shop.url), { headers, ...post });
  return { status: answer.status, headers: answer.headers, body: await answer.text() };
}

/** Registers and logs in; returns the session. */
export async function enter(shop: Shop, name: string): Promise<string> {
  const person = { email: `${name}@shop.test`, password: "a long secret", name };
  await ask(shop, "/register", person);
  const answer = await ask(shop, "/login", person);
  return /sid=([^;]+)/.exec(answer.headers.get("set-cookie") ?? "")?.[1] ?? "";
}

export type Front = {
  readonly url: string;
  readonly switchTo: (shop: Shop) => void;
  readonly close: () => Promise<void>;
};

/** The simplest front door: new connections go to the present shop, old ones stay where they are. */
export async function openFront(first: Shop): Promise<Front> {
  let shop = first;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const onward = connect(Number(new URL(shop.url).port), "127.0.0.1");
    for (const [one, other] of [
      [client, onward],
      [onward, client],
    ] as const) {
      open.add(one);
      one.pipe(other);
      one.on("error", () => other.resetAndDestroy());
      one.on("close", () => open.delete(one));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    switchTo: (next) => {
      shop = next;
    },
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

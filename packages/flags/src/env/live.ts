// Keeps `process.env.FEATURE_*` live: from the service, from a mounted folder with the `.env` file, or from both.
import { readFileSync, statSync, watch } from "node:fs";
import { join } from "node:path";
import { FlagClient } from "../client/client.ts";
import type { FlagValue, WireFlag } from "../client/types.ts";
import { readEnv } from "./env-text.ts";

type Env = Record<string, string | undefined>;

const lookEveryMs = 1_000;

export type Live = {
  /** Resolves when the first state is in, or after the longest wait. */
  readonly started: Promise<void>;
  close(): Promise<void>;
};

/**
 * Set LASTGOOD_FLAGS_DIR (and _FILE, by default `.env`) for a folder, LASTGOOD_FLAGS_URL and _KEY for the service.
 * Only names that begin with LASTGOOD_FLAGS_PREFIX, by default FEATURE_, are touched. Throws nothing.
 */
export function keepLive(env: Env): Live {
  const prefix = env["LASTGOOD_FLAGS_PREFIX"] || "FEATURE_";
  const set = (name: string, value: string) => {
    if (name.startsWith(prefix) && env[name] !== value) env[name] = value;
  };
  const closing: (() => unknown)[] = [];
  const folder = env["LASTGOOD_FLAGS_DIR"];
  if (folder) closing.push(followFolder(folder, env["LASTGOOD_FLAGS_FILE"] || ".env", prefix, set));
  const [url, key] = [env["LASTGOOD_FLAGS_URL"], env["LASTGOOD_FLAGS_KEY"]];
  let started: Promise<void> = Promise.resolve();
  if (url && key) {
    const client = followService({ url, key, env, set });
    closing.push(() => client.close());
    started = client.ready().then(() => undefined);
  }
  return {
    started,
    async close() {
      for (const close of closing) await close();
    },
  };
}

type Service = {
  readonly url: string;
  readonly key: string;
  readonly env: Env;
  set(name: string, value: string): void;
};

function followService({ url, key, env, set }: Service): FlagClient {
  const waitMs = Number(env["LASTGOOD_FLAGS_WAIT_MS"] || 500);
  const name = env["LASTGOOD_FLAGS_NAME"] || env["LASTGOOD_INSTANCE"];
  const stateFile = env["LASTGOOD_FLAGS_STATE"];
  const client = new FlagClient({
    url,
    key,
    kind: "env",
    waitMs,
    ...(name ? { name } : {}),
    ...(stateFile ? { stateFile } : {}),
  });
  const write = () => {
    for (const flag of client.names()) {
      const { variable, value } = variableOf(flag, client.definition(flag));
      if (value !== null) set(variable, value);
    }
  };
  // Called before the version is confirmed: what is confirmed is what the next read of process.env sees.
  client.onEvent(({ type }) => {
    if (type === "changed") write();
  });
  write();
  return client;
}

/** Rules cannot be told in a variable: it says what everybody gets for whom no rule matches. */
function variableOf(name: string, flag: WireFlag | null) {
  const own = flag?.metadata?.["env"];
  const variable =
    typeof own === "string" ? own : `FEATURE_${name.toUpperCase().replace(/[^A-Z0-9]+/g, "_")}`;
  const variant = flag?.state === "ENABLED" ? (flag.defaultVariant ?? null) : null;
  const value: FlagValue | undefined = variant === null ? undefined : flag?.variants[variant];
  return { variable, value: value === undefined || typeof value === "object" ? null : String(value) };
}

/** The folder is watched, not the file: a file that is replaced is another file. A look each second is the backstop. */
function followFolder(
  folder: string,
  name: string,
  prefix: string,
  set: (name: string, value: string) => void,
): () => void {
  const file = join(folder, name);
  let seen = "";
  const read = (force: boolean) => {
    try {
      const { ino, size, mtimeMs } = statSync(file);
      const mark = `${ino} ${size} ${mtimeMs}`;
      if (mark === seen && !force) return;
      seen = mark;
      for (const [variable, value] of readEnv(readFileSync(file, "utf8"), prefix)) set(variable, value);
    } catch {
      // Not there (yet): the last values stay.
    }
  };
  read(true);
  let stop: () => void = () => undefined;
  try {
    const watcher = watch(folder, { persistent: false }, () => read(true));
    watcher.on("error", () => undefined);
    stop = () => watcher.close();
  } catch {
    // No watching here: the look each second does it.
  }
  const timer = setInterval(() => read(false), lookEveryMs);
  timer.unref();
  return () => {
    stop();
    clearInterval(timer);
  };
}

// A flag service on a real port, with a journal in memory; and clients of it that are taken away again.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { FlagClient, type FlagsOptions } from "../../packages/flags/src/index.ts";
import type { App } from "../../src/app/app.ts";
import { type FlagDeps, openFlagDesk } from "../../src/app/flag-desk.ts";
import { flagKeyAdd } from "../../src/app/flag-keys.ts";
import { flagSwitch, type SwitchInput } from "../../src/app/flag-switch.ts";
import { limits } from "../../src/core/flags/limits.ts";
import { ok } from "../../src/core/result.ts";
import { flagdEvaluator } from "../../src/drivers/flags/evaluate.ts";
import { fileSource } from "../../src/drivers/flags/source.ts";
import { type Ledger, openLedger } from "../../src/engine/ledger.ts";
import { flagConnections } from "../../src/http/flags/duplex.ts";
import { flagRoutes } from "../../src/http/flags/routes.ts";
import { systemClock } from "../../src/os/clock.ts";
import { listenOnPort } from "../../src/os/control-server.ts";
import { localFiles } from "../../src/os/files.ts";
import { randomIds, randomSecret } from "../../src/os/ids.ts";
import type { FlagMirror } from "../../src/ports/flags.ts";
import { memoryJournal, newMemoryStore } from "../../src/testing/memory-journal.ts";

export const boolean = { state: "ENABLED", variants: { on: true, off: false }, defaultVariant: "on" };

export type Bed = Awaited<ReturnType<typeof flagBed>>;

export type BedOptions = {
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly port?: number;
  readonly ledger?: Ledger;
  readonly key?: string;
  readonly mirrors?: readonly FlagMirror[];
  /** Streams go one way only, as behind a proxy that knows nothing of ours. */
  readonly plain?: boolean;
  readonly seen?: Partial<Pick<FlagDeps, "startedWith" | "sources">>;
};

/** A process of this machine that is gone. */
export function ended({ host, pid }: { readonly host: string; readonly pid: number }): boolean {
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

export async function flagBed(options: BedOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), "lastgood-flags-"));
  const file = join(folder, "flags.json");
  const define = (flags: Readonly<Record<string, unknown>>) => writeFileSync(file, JSON.stringify({ flags }));
  define(options.flags ?? { "new-checkout": boolean });
  const clock = systemClock();
  const ledger = options.ledger ?? openLedger(memoryJournal({ store: newMemoryStore(), clock }));
  const deps = {
    ledger,
    clock,
    evaluator: flagdEvaluator(),
    secret: randomSecret,
    ended,
    startedWith: async () => null,
    sources: async () => [],
    setLive: async () => ok(undefined),
    ...options.seen,
  };
  const place = {
    source: fileSource(file, localFiles()),
    mirrors: options.mirrors ?? [],
    undo: "auto" as const,
  };
  const flags = openFlagDesk(deps, new Map([["production", place]]));
  const stopping = new AbortController();
  const app = {
    deps: { ledger, clock },
    sites: new Map(),
    ids: randomIds(),
    flags,
    stopping: stopping.signal,
  } as unknown as App;
  await flags.look();
  const key =
    options.key ??
    String(flagKeyAdd(app, { env: "production", label: "test", by: "test", forMs: null }).data["key"]);
  const connections = options.plain ? [] : [flagConnections(flags, () => clock.now())];
  const listening = await listenOnPort(
    "127.0.0.1",
    options.port ?? 0,
    flagRoutes(flags, () => clock.now()).fetch as never,
    ...connections,
  );
  const beats = setInterval(() => flags.beat(), limits.beatMs);
  const clients: FlagClient[] = [];
  const url = `http://127.0.0.1:${listening.port}`;
  const env = flags.env("production");
  if (!env) throw new Error("there is no such environment");
  const stop = () => {
    clearInterval(beats);
    flags.close();
    listening.close();
  };
  return {
    folder,
    file,
    define,
    app,
    env,
    flags,
    ledger,
    key,
    url,
    port: listening.port,
    stop,
    look: () => flags.look(),
    turn: (flag: string, to: SwitchInput["to"], more: Partial<SwitchInput> = {}) =>
      flagSwitch(app, {
        env: "production",
        flag,
        to,
        by: "test",
        why: null,
        incident: null,
        forMs: null,
        forceLive: false,
        ...more,
      }),
    client(more: Partial<FlagsOptions> = {}): FlagClient {
      const client = new FlagClient({ url, key, stateFile: null, ...more });
      clients.push(client);
      return client;
    },
    async close() {
      stopping.abort();
      await Promise.all(clients.map((client) => client.close()));
      stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Asks until it is so; fails with what it still saw. */
export async function until(what: () => boolean, withinMs = 10_000): Promise<number> {
  const begun = performance.now();
  while (!what()) {
    if (performance.now() - begun > withinMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return performance.now() - begun;
}

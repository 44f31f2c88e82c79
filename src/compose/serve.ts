// lastgood serve: a controller that stays.
import type { App } from "../app/app.ts";
import type { Config } from "../config/schema.ts";
import { ok, problem, type Result } from "../core/result.ts";
import { flagConnections } from "../http/flags/duplex.ts";
import { flagSync } from "../http/flags/sync.ts";
import { publicApp } from "../http/public.ts";
import { listenOnPort } from "../os/control-server.ts";
import { listenForGrpc } from "../os/grpc-server.ts";
import { announce, attend, settle } from "./controller.ts";
import { tendFlags } from "./flags.ts";
import { openApp } from "./open.ts";

export type ServeOptions = {
  readonly say: (line: string) => void;
  /** Called with how to stop; returns how to stop listening for that. */
  onInterrupt(act: () => void): () => void;
};

export async function serve(config: Config, { say, onInterrupt }: ServeOptions): Promise<Result<void>> {
  const opened = await openApp(config, "serve");
  if (!opened.ok) return opened;
  const { app, stop, close } = opened.value;
  const { host, port } = config.controller.listen;
  try {
    const now = () => app.deps.clock.now();
    const connections = flagConnections(app.flags, now);
    const listening = await listenOnPort(
      host,
      port,
      publicApp(app, opened.value.hooks).fetch,
      connections,
    ).catch((error: Error) => error);
    if (listening instanceof Error) {
      const next = "End what listens there, or set controller: listen: to another port in lastgood.yml.";
      return problem("port-in-use", `cannot listen on ${host}:${port}: ${listening.message}`, next);
    }
    const sync = await syncOf(config, app);
    if (!sync.ok) return sync;
    const withdraw = await announce(opened.value);
    const deaf = onInterrupt(stop);
    say(
      `Lastgood controller, process ${app.deps.holder.pid}, http://${host}:${listening.port}, environments: ${[...app.sites.keys()].join(", ")}`,
    );
    const tending = tendFlags(app);
    await settle(opened.value);
    await attend(opened.value);
    await Promise.allSettled([...app.watching.following.values()].map((one) => one.end));
    await opened.value.glass.idle();
    await tending;
    deaf();
    listening.close();
    sync.value.close();
    await withdraw();
    return ok(undefined);
  } finally {
    close();
  }
}

/** flagd's own protocol, where the config wants it. */
async function syncOf(config: Config, { flags, deps }: App): Promise<Result<{ close(): void }>> {
  const at = config.controller.flagdSync;
  if (!at) return ok({ close: () => undefined });
  const answer = flagSync(flags, () => deps.clock.now());
  const listening = await listenForGrpc(at.host, at.port, answer).catch((error: Error) => error);
  if (!(listening instanceof Error)) return ok(listening);
  const next = "End what listens there, or set controller: flagdSync: to another port in lastgood.yml.";
  return problem("port-in-use", `cannot listen on ${at.host}:${at.port}: ${listening.message}`, next);
}

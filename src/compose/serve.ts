// lastgood serve: a controller that stays.
import type { Config } from "../config/schema.ts";
import { ok, problem, type Result } from "../core/result.ts";
import { publicApp } from "../http/public.ts";
import { listenOnPort } from "../os/control-server.ts";
import { announce, attend, settle } from "./controller.ts";
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
    const listening = await listenOnPort(host, port, publicApp(app).fetch).catch((error: Error) => error);
    if (listening instanceof Error) {
      const next = "End what listens there, or set controller: listen: to another port in lastgood.yml.";
      return problem("port-in-use", `cannot listen on ${host}:${port}: ${listening.message}`, next);
    }
    const withdraw = await announce(opened.value);
    const deaf = onInterrupt(stop);
    say(
      `Lastgood controller, process ${app.deps.holder.pid}, http://${host}:${listening.port}, environments: ${[...app.sites.keys()].join(", ")}`,
    );
    await settle(opened.value);
    await attend(opened.value);
    await Promise.allSettled([...app.watching.following.values()].map((one) => one.end));
    deaf();
    listening.close();
    await withdraw();
    return ok(undefined);
  } finally {
    close();
  }
}

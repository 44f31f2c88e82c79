// The embedded demo's stage: a folder with the shop's versions and a config, and the shop as a process of this machine.
import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { looseOp } from "../app/app.ts";
import type { Event } from "../core/event.ts";
import { ok, type Result } from "../core/result.ts";
import type { State } from "../core/state.ts";
import type { Outcome } from "../core/view/outcome.ts";
import type { Op } from "../ports/op.ts";
import { openController } from "./controller.ts";
import type { Paths } from "./load/load.ts";

export type Stage = {
  readonly url: string;
  readonly paths: Paths;
  /** How many requests a second it gets: what a small machine can answer with the load generator beside it. */
  readonly perSecond: number;
  /** Where the shop lists its orders. */
  readonly ordersUrl: string;
  /** The good version, which goes out first. */
  readonly first: string;
  deploy(version: string, wait: boolean): Promise<Outcome>;
  /** Until the watch that is open has ended well. */
  untilWatched(atMostMs: number): Promise<void>;
  events(): readonly Event[];
  state(): State;
  close(): Promise<void>;
};

const service = "web";
/** The watch is short so that the demo is: a real one lasts 30 minutes. */
export const demoWatch = "{ for: 6s, check: 250ms }";

export async function setStage(folder: string, say: (line: string) => void): Promise<Result<Stage>> {
  const shop = new URL("../../examples/shop/make-versions.mjs", import.meta.url);
  await access(shop);
  const { makeVersions } = (await import(shop.href)) as { makeVersions(target: string): unknown };
  makeVersions(join(folder, "versions"));
  await mkdir(join(folder, "data"));
  const file = join(folder, "lastgood.yml");
  await writeFile(file, configText(folder, await freePort(), await freePort()));
  const opened = await openController(file, say);
  if (!opened.ok) return opened;
  const { app, site, deploy, untilWatched, events, state } = opened.value;
  const url = site.settings.publicUrl;
  return ok({
    url,
    paths: { base: "", chat: "/chat" },
    perSecond: 150,
    ordersUrl: url,
    first: "v1",
    deploy,
    untilWatched,
    events,
    state,
    close: () =>
      opened.value.close(async () => {
        const op: Op = { ...looseOp(app, "demo-end"), signal: new AbortController().signal };
        await site.end(op);
        const all = await site.world.runtime.instances(service);
        for (const one of all.ok ? all.value : [])
          if (one.state === "running") await site.world.runtime.stop(op, one, 5_000);
      }),
  });
}

function configText(folder: string, port: number, controllerPort: number): string {
  return `app: shop
state: state
environments:
  production:
    services:
      ${service}:
        runtime: process
        source: versions/{version}
        command: ["{node}", server.mjs]
        env: { SHOP_DB: ${join(folder, "data", "shop.db")} }
        health: { path: /health, interval: 50ms }
    traffic: { kind: proxy, listen: "127.0.0.1:${port}", drain: 5s, client: { cookie: sid, header: x-account-id } }
    database: { kind: sqlite, file: data/shop.db }
    smoke:
      - get: /products
    watch: ${demoWatch}
controller: { listen: "127.0.0.1:${controllerPort}" }
`;
}

export async function freePort(): Promise<number> {
  const { localProcesses } = await import("../os/processes.ts");
  return localProcesses().freePort();
}

// The demo's stage: a folder with the shop's versions and a config, and a controller in this process.
import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { looseOp } from "../app/app.ts";
import { deploy } from "../app/deploy.ts";
import { followWatch } from "../app/watch.ts";
import { announce, deliver } from "../compose/controller.ts";
import { readConfig } from "../compose/load.ts";
import { openApp } from "../compose/open.ts";
import type { Event } from "../core/event.ts";
import { assert, ok, type Result } from "../core/result.ts";
import type { State } from "../core/state.ts";
import type { Outcome } from "../core/view/outcome.ts";
import { sentence } from "../core/view/timeline.ts";
import type { Op } from "../ports/op.ts";

export type Stage = {
  readonly url: string;
  deploy(version: string, wait: boolean): Promise<Outcome>;
  /** Until the watch that is open has ended well. */
  untilWatched(atMostMs: number): Promise<void>;
  events(): readonly Event[];
  state(): State;
  close(): Promise<void>;
};

const env = "production";
const service = "web";
/** The watch is short so that the demo is: a real one lasts 30 minutes. */
const watchFor = "6s";

/** What is told while it happens; the whole timeline comes at the end. */
const worthTelling: readonly string[] = [
  "run.planned",
  "watch.found",
  "decision.made",
  "release.became-good",
  "run.ended",
];

export async function setStage(folder: string, say: (line: string) => void): Promise<Result<Stage>> {
  const shop = new URL("../../examples/shop/make-versions.mjs", import.meta.url);
  await access(shop);
  const { makeVersions } = (await import(shop.href)) as { makeVersions(target: string): unknown };
  makeVersions(join(folder, "versions"));
  await mkdir(join(folder, "data"));
  const file = join(folder, "lastgood.yml");
  await writeFile(file, configText(folder, await freePort(), await freePort()));
  const config = await readConfig(file);
  if (!config.ok) return config;
  const opened = await openApp(config.value, "demo");
  if (!opened.ok) return opened;
  const { app, stop, close } = opened.value;
  const withdraw = await announce(opened.value);
  const site = app.sites.get(env);
  assert(site, "the demo's config has its environment");
  const hush = app.deps.ledger.listen((event) => {
    const text = worthTelling.includes(event.type) ? sentence(event, app.deps.ledger.state().runs) : null;
    if (text) say(`   ${new Date(event.at).toISOString().slice(11, 23)}  ${text}`);
  });
  return ok({
    url: site.settings.publicUrl,
    deploy: (version, wait) =>
      deploy(app, { env, version, planOnly: false, approved: true, wait, lift: null, by: "you" }),
    async untilWatched(atMostMs) {
      const late = app.deps.clock.sleep(atMostMs, app.stopping);
      await Promise.race([followWatch(app, site), late]);
    },
    events: () => app.deps.ledger.journal.read(0, 10_000),
    state: () => app.deps.ledger.state(),
    async close() {
      hush();
      await deliver(opened.value);
      stop();
      await Promise.allSettled([...app.watching.following.values()].map((one) => one.end));
      const op: Op = { ...looseOp(app, "demo-end"), signal: new AbortController().signal };
      await site.end(op);
      const all = await site.world.runtime.instances(service);
      for (const one of all.ok ? all.value : [])
        if (one.state === "running") await site.world.runtime.stop(op, one, 5_000);
      await withdraw();
      close();
    },
  });
}

function configText(folder: string, port: number, controllerPort: number): string {
  return `app: shop
state: state
environments:
  ${env}:
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
    watch: { for: ${watchFor}, check: 250ms }
controller: { listen: "127.0.0.1:${controllerPort}" }
`;
}

async function freePort(): Promise<number> {
  const { localProcesses } = await import("../os/processes.ts");
  return localProcesses().freePort();
}

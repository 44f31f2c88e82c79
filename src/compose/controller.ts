// What a controller does beside answering calls: it takes over open runs, watches, revives, and tells.

import { backupSchedule } from "../app/backup-schedule.ts";
import { watchCertificates } from "../app/certificates.ts";
import { listen } from "../app/listen.ts";
import { reviveAll } from "../app/revive.ts";
import { sweepTrials } from "../app/sweep.ts";
import { countTraffic } from "../app/traffic.ts";
import { keepVigil } from "../app/vigil.ts";
import { followWatch } from "../app/watch.ts";
import { canonical } from "../core/json.ts";
import { envState } from "../core/state.ts";
import { recover } from "../engine/recover.ts";
import { tell } from "../engine/tell.ts";
import { controlApp } from "../http/control.ts";
import { listenOnSocket } from "../os/control-server.ts";
import type { Opened } from "./open.ts";

const beatMs = 1_000;

/** Announce ourselves: the holder file for take-overs, the socket for calls. */
export async function announce(opened: Opened): Promise<() => Promise<void>> {
  const { app, paths, machine } = opened;
  await machine.files.replace(paths.holder, JSON.stringify(app.deps.holder), 0o600);
  noteConfig(opened);
  // We hold the journal, so nobody lives behind an old socket.
  const socket = await listenOnSocket(paths.socket, controlApp(app).fetch);
  return async () => {
    socket.close();
    await machine.files.remove(paths.holder);
  };
}

/** What an environment works by is a change where it is not what it was, like a deploy. */
function noteConfig({ app, parts }: Opened): void {
  const { ledger } = app.deps;
  for (const [env, now] of Object.entries(parts)) {
    const before = envState(ledger.state(), env).changes.config;
    if (canonical(before) !== canonical(now))
      ledger.record([{ type: "config.applied", data: { env, parts: now } }]);
  }
}

/** Bring what a dead controller left to its end: edges up, open runs finished. */
export async function settle(opened: Opened): Promise<void> {
  const { app } = opened;
  await sweepTrials(app);
  const open = Object.values(app.deps.ledger.state().runs).some(
    (run) => run.status === "open" || run.status === "planned",
  );
  if (!open) return;
  await ensureEdges(opened);
  await recover(app.deps);
}

async function ensureEdges({ app }: Opened): Promise<void> {
  for (const site of app.sites.values()) {
    const env = envState(app.deps.ledger.state(), site.settings.env);
    const serving = env.serving === null ? undefined : env.releases[env.serving];
    if (serving) await site.ensure([serving.release]);
  }
}

/** The beat of `lastgood serve`: until stopped. */
export async function attend(opened: Opened): Promise<void> {
  const { app } = opened;
  const { clock } = app.deps;
  const backups = backupSchedule(app);
  const counting = [...app.sites.values()].map((site) => countTraffic(app, site));
  const listening = [...app.sites.values()].map((site) => listen(app, site));
  const keeping = [...app.sites.values()].map((site) => keepVigil(app, site));
  const showing = [...app.sites.values()].map((site) => watchCertificates(app, site));
  while (!app.stopping.aborted) {
    await ensureEdges(opened);
    await reviveAll(app);
    for (const site of app.sites.values()) {
      if (envState(app.deps.ledger.state(), site.settings.env).watch) void followWatch(app, site);
    }
    backups.beat();
    await deliver(opened);
    await clock.sleep(beatMs, app.stopping);
  }
  await backups.idle();
  await Promise.all([...counting, ...listening, ...showing, ...keeping]);
}

export async function deliver({ app }: Opened): Promise<void> {
  await tell(app.deps.ledger, (env) => app.sites.get(env)?.notifiers ?? []);
}

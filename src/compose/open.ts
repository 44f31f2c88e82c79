// Opens a controller: the journal's lock, its fold, its environments. Whoever has this is the only one who acts.
import type { App, Site } from "../app/app.ts";
import type { Config } from "../config/schema.ts";
import { type Holder, holder as holderSchema } from "../core/event.ts";
import { assert, err, ok, type Result } from "../core/result.ts";
import { openLedger } from "../engine/ledger.ts";
import { openJournal } from "../journal/sqlite.ts";
import { stepKind } from "../steps/registry.ts";
import { type Machine, thisMachine } from "./machine.ts";
import { type StatePaths, statePaths } from "./paths.ts";
import { siteOf } from "./site.ts";

export type Opened = {
  readonly app: App;
  readonly paths: StatePaths;
  readonly machine: Machine;
  /** Stops watches at once; runs go on to their next boundary. */
  stop(): void;
  close(): void;
};

const busyTries = 40;
const busyPauseMs = 50;

export async function openApp(
  config: Config,
  who: string,
  tookOver: Holder | null = null,
): Promise<Result<Opened>> {
  const machine = thisMachine();
  const paths = statePaths(config.state);
  const journal = await openUnlocked(machine, paths);
  if (!journal.ok) return journal;
  const stopping = new AbortController();
  const sites = new Map<string, Site>();
  for (const env of Object.keys(config.environments)) sites.set(env, siteOf(config, env, paths, machine));
  const ledger = openLedger(journal.value);
  const { pid, startTime } = machine.processes.self();
  const holder: Holder = { pid, startTime, bootId: machine.clock.bootId(), who };
  const world = (env: string) => {
    const site = sites.get(env);
    assert(
      site,
      `no environment ${env} in the config, but a run of it is open: put it back into lastgood.yml`,
    );
    return site.world;
  };
  if (tookOver) ledger.record([{ type: "controller.started", data: { holder, version: "", tookOver } }]);
  const app: App = {
    deps: { ledger, clock: machine.clock, holder, world, stepKind },
    ids: machine.ids,
    sites,
    watching: { live: new Map(), following: new Map() },
    stopping: stopping.signal,
  };
  return ok({
    app,
    paths,
    machine,
    stop: () => stopping.abort(),
    close() {
      ledger.save();
      journal.value.close();
    },
  });
}

/** Another command of a moment may hold the journal: wait a little. A controller holds it for good. */
async function openUnlocked({ clock, files }: Machine, paths: StatePaths) {
  for (let tries = 1; ; tries++) {
    const journal = openJournal({ file: paths.journal, clock });
    if (journal.ok || journal.error.code !== "busy") return journal;
    if (tries >= busyTries) return err(await whoHolds(files, paths));
    await clock.sleep(busyPauseMs);
  }
}

async function whoHolds(files: Machine["files"], paths: StatePaths) {
  const holder = await readHolder(files, paths);
  const who = holder ? `process ${holder.pid} (${holder.who})` : "another process";
  return {
    code: "busy" as const,
    what: `another controller is running for this app: ${who}`,
    next: "Use it (the commands find it by its socket), or end it and take over: --take-over.",
    where: paths.journal,
  };
}

export async function readHolder(files: Machine["files"], paths: StatePaths): Promise<Holder | null> {
  const text = await files.read(paths.holder);
  if (!text.ok) return null;
  try {
    return holderSchema.parse(JSON.parse(text.value.toString("utf8")));
  } catch {
    return null;
  }
}

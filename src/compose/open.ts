// Opens a controller: the journal's lock, its fold, its environments. Whoever has this is the only one who acts.
import type { App, Site, Watching } from "../app/app.ts";
import type { Config } from "../config/schema.ts";
import type { Holder } from "../core/event.ts";
import { assert, err, ok, type Result } from "../core/result.ts";
import { knownReleases } from "../core/view/releases.ts";
import { type Ledger, openLedger } from "../engine/ledger.ts";
import type { HookDesk } from "../http/hooks/desk.ts";
import { openJournal } from "../journal/sqlite.ts";
import { stepKind } from "../steps/registry.ts";
import { careOf } from "./care.ts";
import { flagDeskOf, withFlags } from "./flags.ts";
import { type GlassKeeper, keepGlass } from "./glass-keeper.ts";
import { readHolder } from "./holder.ts";
import { hooksOf } from "./hooks.ts";
import { configDigest, configParts } from "./load.ts";
import { type Machine, thisMachine } from "./machine.ts";
import { pastOf } from "./past.ts";
import { type StatePaths, statePaths } from "./paths.ts";
import { remoteMachine } from "./remote-machine.ts";
import { siteOf } from "./site.ts";

export type Opened = {
  readonly app: App;
  readonly paths: StatePaths;
  readonly machine: Machine;
  /** Digests of the config by environment and key. */
  readonly parts: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Who may send webhooks, and where they are put. */
  readonly hooks: HookDesk;
  /** Writes the break-glass scripts; wait for it before closing. */
  readonly glass: GlassKeeper;
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
  machine: Machine = thisMachine(),
): Promise<Result<Opened>> {
  const paths = statePaths(config.state);
  const journal = await openUnlocked(machine, paths);
  if (!journal.ok) return journal;
  const stopping = new AbortController();
  const sites = new Map<string, Site>();
  const ledger = openLedger(journal.value);
  const around = { paths, machine, ...remembered(ledger) };
  for (const env of Object.keys(config.environments)) {
    const at = await machineOf(config, env, machine);
    if (!at.ok) {
      journal.value.close();
      return at;
    }
    sites.set(env, siteOf(config, env, { ...around, machine: at.value }));
  }
  const flags = flagDeskOf(config, ledger, machine);
  const hooks = hooksOf(config, ledger, machine);
  for (const [env, site] of sites) sites.set(env, hooks.withInbox(withFlags(site, flags)));
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
    config: configDigest(config),
    sites,
    watching: nothingWatched(),
    flags,
    care: (env) => {
      const site = sites.get(env);
      assert(site, `no environment ${env}`);
      return careOf({ config, paths, machine, site });
    },
    stopping: stopping.signal,
  };
  await flags.look();
  const glass = keepGlass(app);
  return ok({
    app,
    glass,
    hooks: hooks.desk,
    parts: configParts(config),
    paths,
    machine,
    stop: () => stopping.abort(),
    close() {
      glass.stop();
      flags.close();
      ledger.save();
      journal.value.close();
    },
  });
}

/** What wiring asks of the journal, at the moment of asking. */
function remembered(ledger: Ledger) {
  return {
    known: (env: string) => knownReleases(ledger.state(), env),
    past: (env: string) => pastOf(ledger.state, env),
  };
}

/** Where an environment runs. */
async function machineOf(config: Config, env: string, machine: Machine): Promise<Result<Machine>> {
  const name = config.environments[env]?.host;
  return name === undefined ? ok(machine) : remoteMachine(machine, config.state, name);
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

function nothingWatched(): Watching {
  const [live, seen, streams, vigils] = [new Map(), new Map(), new Map(), new Map()];
  return { live, seen, streams, vigils, sources: new Map(), following: new Map() };
}

// Flags wired: definitions, files, keys and the journal; and what a controller does for them all the time.
import { hostname } from "node:os";
import type { App, Site } from "../app/app.ts";
import { type FlagDesk, type FlagPlace, openFlagDesk } from "../app/flag-desk.ts";
import { guardFlips } from "../app/flag-guard.ts";
import type { Process } from "../app/flag-subscribers.ts";
import type { Config } from "../config/schema.ts";
import { limits } from "../core/flags/limits.ts";
import { problem } from "../core/result.ts";
import { envFile } from "../drivers/flags/env-file.ts";
import { flagdEvaluator } from "../drivers/flags/evaluate.ts";
import { fileSource } from "../drivers/flags/source.ts";
import { sourceTree } from "../drivers/flags/source-tree.ts";
import { serviceFlags } from "../drivers/flags/switches.ts";
import type { Ledger } from "../engine/ledger.ts";
import { randomSecret } from "../os/ids.ts";
import { setLive } from "../os/inspector.ts";
import { isGone, readStat } from "../os/proc.ts";
import type { Clock } from "../ports/clock.ts";
import type { Machine } from "./machine.ts";

export function flagDeskOf(config: Config, ledger: Ledger, { clock, files, processes }: Machine): FlagDesk {
  const places = new Map<string, FlagPlace>();
  for (const [env, { flags }] of Object.entries(config.environments)) {
    if (!flags) continue;
    const mirrors = flags.envFiles.map((file) => envFile(file, files));
    places.set(env, { source: fileSource(flags.file, files), mirrors, undo: flags.undo });
  }
  const here = hostname();
  // In a container a process has another host name and other process ids: of those nothing is known.
  const ended = ({ host, pid }: Process) => host === here && isGone(readStat("/proc", pid));
  const deps = {
    ledger,
    clock,
    evaluator: flagdEvaluator(),
    secret: randomSecret,
    ended,
    startedWith: (instance: string, names: readonly string[]) => startedWith(processes, instance, names),
    setLive: async (instance: string, variables: ReadonlyMap<string, string>) => {
      const [found] = await processes.find("LASTGOOD_INSTANCE", instance);
      if (!found) return problem("missing", `${instance} is not on this machine`, "Switch it where it runs.");
      return setLive(found.pid, variables);
    },
    sources: (folder: string) => sourceTree(folder, files),
  };
  return openFlagDesk(deps, places);
}

async function startedWith(
  processes: Machine["processes"],
  instance: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, string> | null> {
  const [found] = await processes.find("LASTGOOD_INSTANCE", instance);
  if (!found) return null;
  const all = new Map<string, string>();
  for (const name of names) {
    const value = await processes.environment(found, name);
    if (value !== null) all.set(name, value);
  }
  return all;
}

export function withFlags(site: Site, desk: FlagDesk): Site {
  const env = desk.env(site.settings.env);
  return env ? { ...site, world: { ...site.world, flags: serviceFlags(env.book) } } : site;
}

const lookMs = 1_000;

/** Beats and looks until the signal: on its own, so that a long deploy does not make clients believe that we are gone. */
export async function tendFlags(app: App): Promise<void> {
  const { flags: desk, stopping: signal } = app;
  const { clock } = app.deps;
  const hush = guardFlips(app);
  const beating = every(limits.beatMs, async () => desk.beat(), clock, signal);
  await Promise.all([beating, every(lookMs, () => desk.look(), clock, signal)]);
  hush();
}

async function every(ms: number, act: () => Promise<void>, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await act();
    await clock.sleep(ms, signal);
  }
}

// One environment wired to its drivers: the only place that knows which driver belongs to which section.
import type { Site } from "../app/app.ts";
import type { Config, Environment } from "../config/schema.ts";
import type { Release } from "../core/release.ts";
import { assert } from "../core/result.ts";
import { sqliteDatabase } from "../drivers/database/sqlite.ts";
import type { World } from "../ports/world.ts";
import type { Machine } from "./machine.ts";
import { notifiersOf } from "./notifiers.ts";
import type { StatePaths } from "./paths.ts";
import { platformOf } from "./platform.ts";
import { settingsOf } from "./settings.ts";
import { signalsOf } from "./signals.ts";
import type { Places } from "./wiring.ts";

export type Around = {
  readonly paths: StatePaths;
  readonly machine: Machine;
  /** Releases of an environment that the journal knows, the serving one first. */
  known(env: string): readonly Release[];
};

export function siteOf(config: Config, env: string, { paths, machine, known }: Around): Site {
  const section = config.environments[env];
  assert(section, `no environment ${env}`);
  const settings = settingsOf(config, env);
  const places = paths.env(env);
  const { platform, edges } = platformOf(section, { config, env, places, machine, known: () => known(env) });
  const world: World = {
    ...platform,
    traffic: edges.traffic,
    database: databaseOf(section, places, machine),
    flags: null,
    http: machine.http,
    children: machine.children,
    clock: machine.clock,
  };
  return {
    settings,
    world,
    signals: (release) => signalsOf(release, { section, settings, world, edges, machine }),
    ensure: (releases) => edges.ensure(releases),
    end: (op) => edges.end(op),
    notifiers: notifiersOf(section, machine),
  };
}

function databaseOf({ database }: Environment, places: Places, { files, clock, openedBy, swap }: Machine) {
  if (!database) return null;
  return sqliteDatabase(
    { file: database.file, backupDir: places.backups, keep: database.keepBackups },
    { files, clock, openedBy, swap },
  );
}

// One environment wired to its drivers: the only place that knows which driver belongs to which section.
import { dirname } from "node:path";
import type { Site } from "../app/app.ts";
import type { Config } from "../config/schema.ts";
import type { Release } from "../core/release.ts";
import { assert } from "../core/result.ts";
import type { Past } from "../drivers/database/postgres/context.ts";
import type { Signals } from "../ports/signals.ts";
import type { World } from "../ports/world.ts";
import { partsOf } from "./care.ts";
import { certificatesOf } from "./checks.ts";
import { databaseOf } from "./database.ts";
import { environmentSignals } from "./environment-signals.ts";
import { flowToolsOf } from "./flows.ts";
import type { Machine } from "./machine.ts";
import { migrationsOf } from "./migrations.ts";
import { notifiersOf } from "./notifiers.ts";
import type { StatePaths } from "./paths.ts";
import { platformOf } from "./platform.ts";
import { storesOf } from "./redis.ts";
import { settingsOf } from "./settings.ts";
import { signalsOf } from "./signals.ts";

export type Around = {
  readonly paths: StatePaths;
  readonly machine: Machine;
  /** Releases of an environment that the journal knows, the serving one first. */
  known(env: string): readonly Release[];
  /** Left out where there is no journal. */
  past?(env: string): Past;
};

export function siteOf(config: Config, env: string, { paths, machine, known, past }: Around): Site {
  const section = config.environments[env];
  assert(section, `no environment ${env}`);
  const settings = settingsOf(config, env);
  const places = paths.env(env);
  const { platform, edges } = platformOf(section, { config, env, places, machine, known: () => known(env) });
  const stored = databaseOf(section, { ...places, state: config.state }, machine, past?.(env) ?? null);
  const migrations = migrationsOf(section, stored, places, machine);
  const beside = storesOf(section, places, machine);
  const world: World = {
    ...platform,
    traffic: edges.traffic,
    database: stored?.database ?? null,
    stores: beside.stores,
    migrations: migrations?.driver ?? null,
    flags: null,
    flows: flowToolsOf(section, machine),
    http: machine.http,
    children: machine.children,
    clock: machine.clock,
  };
  let made: readonly Signals[] | null = null;
  const lasting = () => {
    made ??= environmentSignals({
      section,
      site,
      machine,
      parts: () => partsOf({ config, paths, machine, site }),
      sql: stored?.sql ?? null,
      disks: [dirname(paths.root)],
    });
    return made;
  };
  const site: Site = {
    settings,
    world,
    signals: (release) => signalsOf(release, { section, settings, world, edges, machine, lasting }),
    ensure: (releases) => edges.ensure(releases),
    end: (op) => edges.end(op),
    notifiers: notifiersOf(section, machine),
    certificates: certificatesOf(section, machine),
    backups: stored?.backups ?? null,
    stores: beside.desks,
    migrations,
  };
  return site;
}

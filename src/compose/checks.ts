// From the config's sections to the list of what doctor looks at in an environment.
import { dirname } from "node:path";
import type { Site } from "../app/app.ts";
import type { Environment } from "../config/schema.ts";
import { archive } from "../drivers/checks/archive.ts";
import { backups } from "../drivers/checks/backups.ts";
import { breakGlassScript } from "../drivers/checks/break-glass.ts";
import { certificateFile, certificateOf } from "../drivers/checks/certificates.ts";
import { containers } from "../drivers/checks/containers.ts";
import { type AskVitals, progress } from "../drivers/checks/controller.ts";
import { disk } from "../drivers/checks/disk.ts";
import { drills } from "../drivers/checks/drills.ts";
import { nginx } from "../drivers/checks/nginx.ts";
import { postgres } from "../drivers/checks/postgres.ts";
import { redis } from "../drivers/checks/redis.ts";
import { serving, servingAll } from "../drivers/checks/serving.ts";
import { units } from "../drivers/checks/units.ts";
import { localHost } from "../os/exec.ts";
import { shownCertificate } from "../os/shown-certificate.ts";
import { streamSocket } from "../os/stream-socket.ts";
import type { Check } from "../ports/checkup.ts";
import type { Files } from "../ports/files.ts";
import type { Machine } from "./machine.ts";
import { secretIn } from "./secrets.ts";

type Looking = {
  readonly site: Site;
  readonly section: Environment;
  readonly machine: Machine;
  readonly ask: AskVitals;
  /** Where the break-glass scripts lie. */
  readonly glass: string;
};

/** Everything that is named gets its check; what is not named is not asked for. */
export function checksOf({ site, section, machine, ask, glass }: Looking): readonly Check[] {
  const { files, clock } = machine;
  const { env } = site.settings;
  const host = localHost({ ...machine.baseEnv, ...dockerEnv(section) }, clock);
  const wires = { host, socket: streamSocket(), clock, files };
  const labels = stackLabels(section, site);
  return [
    ...servingOf(section, site, ask),
    progress(env, ask, { clock }),
    ...(labels === null ? [] : [containers({ labels }, wires)]),
    ...(section.checks.units.length === 0 ? [] : [units(section.checks.units, wires)]),
    ...storesOf(section, wires),
    ...nginxOf(section, wires),
    ...certificatesOf(section, machine),
    ...(section.checks.disks.length === 0 ? [] : [disk(section.checks.disks, wires)]),
    ...(site.world.database
      ? [
          backups({ withinMs: section.checks.backupsWithin.ms }, { database: site.world.database, clock }),
          drills(
            {
              env,
              everyMs: site.backups?.drills?.everyMs ?? null,
              assertions: site.backups?.assertions.length ?? 0,
              bareAt: site.backups?.bare ? (site.backups.second?.about ?? null) : null,
            },
            ask,
            { clock },
          ),
        ]
      : []),
    ...(site.backups?.pointInTime ? [archive({ pointInTime: site.backups.pointInTime, clock })] : []),
    breakGlassScript({ folder: glass, app: site.settings.app, env }, ask, { files }),
  ];
}

/** What visitors are shown, and what lies in files. */
export function certificatesOf({ checks }: Environment, { clock, files }: Machine): readonly Check[] {
  return [
    ...checks.sites.map((url) => certificateOf(url, { shown: shownCertificate, clock })),
    ...checks.certificates.map((path) => certificateFile(path, { files, clock })),
  ];
}

/** The config names processes and units; what a compose file or a swarm has is known from its releases. */
function servingOf(
  { services, stack }: Environment,
  { settings, world }: Site,
  ask: AskVitals,
): readonly Check[] {
  const deps = { ...world, ask, env: settings.env };
  const named = stack?.runtime === "systemd" ? stack.services : services;
  if (named === undefined) return [servingAll(deps)];
  return Object.entries(named).map(([service, { health }]) => serving({ service, path: health.path }, deps));
}

/** What the user's own files started, and what Lastgood started beside it. Null where there is no such stack. */
export function stackLabels(
  section: Environment,
  { settings }: Pick<Site, "settings">,
): readonly (readonly string[])[] | null {
  const { stack, checks } = section;
  const project = stack?.runtime === "compose" ? stack.project : checks.compose;
  const ours = [`lastgood.app=${settings.app}`, `lastgood.env=${settings.env}`];
  if (project !== undefined) return [[`com.docker.compose.project=${project}`], ours];
  if (stack?.runtime !== "compose") return null;
  // Whatever the project is called, Compose writes down where its files lie.
  const folder = dirname(stack.files[0] ?? "");
  return [[`com.docker.compose.project.working_dir=${folder}`], ours];
}

/** How the docker client is told which engine, for an environment that says so. */
export function dockerEnv({ stack }: Environment): Readonly<Record<string, string>> {
  if (stack?.runtime !== "compose") return {};
  const { host, context, configDir } = stack.docker;
  return {
    ...(host === undefined ? {} : { DOCKER_HOST: host }),
    ...(context === undefined ? {} : { DOCKER_CONTEXT: context }),
    ...(configDir === undefined ? {} : { DOCKER_CONFIG: configDir }),
  };
}

type Wires = {
  readonly host: ReturnType<typeof localHost>;
  readonly socket: ReturnType<typeof streamSocket>;
  readonly clock: Machine["clock"];
  readonly files: Files;
};

function storesOf({ checks }: Environment, { host, socket, files }: Wires): readonly Check[] {
  const { postgres: pg, redis: cache } = checks;
  const passwordOf = (file: string | undefined) => () => secretIn(file, files);
  return [
    ...(pg
      ? [
          postgres(
            { ...pg, container: pg.container ?? null },
            { host, password: passwordOf(pg.passwordFile) },
          ),
        ]
      : []),
    ...(cache
      ? [
          redis(
            { ...cache, container: cache.container ?? null },
            { host, socket, password: passwordOf(cache.passwordFile) },
          ),
        ]
      : []),
  ];
}

function nginxOf({ checks }: Environment, { host, clock }: Wires): readonly Check[] {
  if (!checks.nginx) return [];
  const { config = null, prefix = null, container = null } = checks.nginx;
  return [nginx({ config, prefix, container }, { host, clock })];
}

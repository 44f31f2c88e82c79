// What the process runtime is told, what it is given, and where it keeps things.
import { join, resolve } from "node:path";
import type { Clock } from "../../../ports/clock.ts";
import type { DigestTree } from "../../../ports/digest.ts";
import type { Files } from "../../../ports/files.ts";
import type { Processes, ProcessRef } from "../../../ports/processes.ts";

export type ProcessServiceConfig = {
  /** Absolute folder of one version, with `{version}` in it, e.g. `/srv/shop/releases/{version}`. */
  readonly source: string;
  /** What starts it, run in the release's folder. `{port}` and `{node}` (the controller's own node) are filled in. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Absolute path of a file with `NAME=value` lines; its values are secrets. */
  readonly envFile: string | null;
  readonly health: { readonly path: string; readonly timeoutMs: number; readonly intervalMs: number };
  readonly stopGraceMs: number;
};

export type ProcessRuntimeConfig = {
  /** Absolute folder of this runtime alone: stored releases, instances, fence. */
  readonly stateDir: string;
  readonly services: Readonly<Record<string, ProcessServiceConfig>>;
};

/** What the release store needs. */
export type StoreDeps = {
  readonly files: Files;
  readonly clock: Clock;
  readonly digestTree: DigestTree;
};

export type ProcessRuntimeDeps = StoreDeps & {
  readonly processes: Processes;
  /** One variable of a live process; null when it is gone or the variable unset. */
  readonly environment: (process: ProcessRef, name: string) => Promise<string | null>;
  /** The controller's own environment, of which instances get PATH, HOME, LANG and TZ only. */
  readonly baseEnv: Readonly<Record<string, string | undefined>>;
  /** Path of the controller's own node. */
  readonly node: string;
};

/** Where things are. Everything below `stateDir` is 0700 or 0600. */
export type Layout = ReturnType<typeof layout>;

export function layout(stateDir: string) {
  const root = resolve(stateDir);
  const release = (id: string): string => join(root, "releases", id);
  return {
    root,
    fence: join(root, "fence.json"),
    instances: join(root, "instances"),
    release,
    manifest: (id: string) => join(release(id), "release.json"),
    service: (id: string, service: string) => join(release(id), service),
    files: (id: string, service: string) => join(release(id), service, "files"),
    list: (id: string, service: string) => join(release(id), service, "files.json"),
    envFile: (id: string, service: string) => join(release(id), service, "env"),
    record: (instance: string) => join(root, "instances", `${instance}.json`),
    log: (instance: string) => join(root, "instances", `${instance}.log`),
  };
}

/** Longest service, release or op name: three of them and a temp file's ending fit into a file name of 255. */
const NAME_CHARACTERS = 72;

/** True for what may become part of a path or of an argument: no separators, no leading dot or dash. */
export function isSafeName(name: string): boolean {
  return name.length <= NAME_CHARACTERS && /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(name);
}

// What the compose runtime is told, what it is given, and where it keeps things.
import { join, resolve } from "node:path";
import type { Clock } from "../../../ports/clock.ts";
import type { Files } from "../../../ports/files.ts";
import type { Host } from "../../../ports/host.ts";
import type { DockerTarget } from "../../docker/cli.ts";
import type { EngineLooks } from "../../docker/engine-looks.ts";
import type { StackClass } from "../../docker/stack-class.ts";
import type { StackFiles } from "../../docker/stack-files.ts";

export type ComposeServiceConfig = {
  /** Null: by what it is. */
  readonly class: StackClass | null;
  /** Null: by what the compose file and the image say. */
  readonly port: number | null;
  /** Null: its own healthcheck, where it has one. */
  readonly health: { readonly path: string; readonly timeoutMs: number; readonly intervalMs: number } | null;
  /** A worker that may run twice for a while: it starts beside its former self. */
  readonly double: boolean;
};

export type ComposeRuntimeConfig = {
  readonly app: string;
  readonly env: string;
  /** Absolute folder of this runtime alone, on the engine's machine: stored releases, fence, adopted workers. */
  readonly stateDir: string;
  readonly stack: StackFiles;
  readonly docker: DockerTarget;
  /** `always` asks the registry at each capture: for tags that move, such as `latest`. */
  readonly pull: "missing" | "always";
  /** Only those of which something is said. */
  readonly services: Readonly<Record<string, ComposeServiceConfig>>;
};

export type ComposeRuntimeDeps = {
  /** The machine that runs the docker client. */
  readonly host: Host;
  /** Files of the engine's machine: what containers mount lies there. */
  readonly files: Files;
  readonly clock: Clock;
  /** Spares a client for each look; without it, the client is asked. */
  readonly looks?: EngineLooks | null;
};

/** Where things are. Everything below `stateDir` is 0700 or 0600, but for copies that containers must read. */
export type ComposeLayout = ReturnType<typeof composeLayout>;

export function composeLayout(stateDir: string) {
  const root = resolve(stateDir);
  const release = (id: string): string => join(root, "releases", id);
  const service = (id: string, name: string): string => join(release(id), "services", name);
  return {
    root,
    fence: join(root, "fence.json"),
    adopted: join(root, "adopted.json"),
    releases: join(root, "releases"),
    release,
    manifest: (id: string) => join(release(id), "release.json"),
    /** The user's own files as they were, for people. */
    originals: (id: string) => join(release(id), "files"),
    service,
    /** A compose file of one service with everything filled in: `docker compose -f` reads it. */
    composeFile: (id: string, name: string) => join(service(id, name), "compose.json"),
    filed: (id: string, name: string, file: string) => join(service(id, name), "files", file),
  };
}

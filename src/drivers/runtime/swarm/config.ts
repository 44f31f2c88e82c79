// What the Swarm drivers are told, what they are given, and how things are named in the swarm and in the store.
import { join, resolve } from "node:path";
import type { ServiceClass } from "../../../core/release.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Files } from "../../../ports/files.ts";
import type { Host } from "../../../ports/host.ts";
import type { HttpClient } from "../../../ports/http-client.ts";

/** How one service of the stack is treated. What is not named here is no service of a release, and never touched. */
export type SwarmServiceConfig = {
  readonly class: ServiceClass;
  /** Path of the health question on a published port; null: the engine's own word is enough. */
  readonly healthPath: string | null;
};

export type SwarmConfig = {
  /** Absolute folder of this driver alone: stored releases, fence. */
  readonly stateDir: string;
  /** Unix socket of a manager's engine. */
  readonly socket: string;
  /** Where the docker client meets our recorder; short, because a socket's path may have 100 characters. */
  readonly recordSocket: string;
  readonly stackName: string;
  /** Absolute paths of the user's stack files, later ones over earlier ones. */
  readonly files: readonly [string, ...string[]];
  /** Absolute path of a file with `NAME=value` lines for the stack files; its values are secrets. Null without. */
  readonly envFile: string | null;
  /** Variable in the stack files that gets the version, e.g. `TAG`. */
  readonly versionVariable: string;
  readonly services: Readonly<Record<string, SwarmServiceConfig>>;
  /** How long a replacement may take, for the health figures in releases, milliseconds. */
  readonly timeoutMs: number;
};

/** One request of the docker client, and what it is answered. */
export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
};
export type Answered = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export type SwarmDeps = {
  readonly files: Files;
  readonly http: HttpClient;
  readonly clock: Clock;
  /** Where the docker client runs: the machine of the stack files. */
  readonly host: Host;
  /** Listen on a unix socket that only we may open. */
  readonly listen: (path: string, answer: (asked: Asked) => Answered) => Promise<{ close(): void }>;
};

export type SwarmLayout = ReturnType<typeof swarmLayout>;

export function swarmLayout(stateDir: string) {
  const root = resolve(stateDir);
  const release = (id: string): string => join(root, "releases", id);
  return {
    root,
    fence: join(root, "fence.json"),
    releases: join(root, "releases"),
    release,
    manifest: (id: string) => join(release(id), "release.json"),
    /** Service specs as the engine gets them: environment and secrets inside, so 0600. */
    document: (id: string) => join(release(id), "stack.json"),
    /** The user's own files as they were, for people. */
    source: (id: string, name: string) => join(release(id), "files", name),
    client: join(root, "client"),
  };
}

/** As `docker stack deploy` names them. */
export function engineName(stackName: string, service: string): string {
  return `${stackName}_${service}`;
}

/** A tag of ours keeps the image from plain pruning. */
export function keptTag(stackName: string, service: string, release: string): { repo: string; tag: string } {
  return { repo: `lastgood/${stackName}-${service}`.toLowerCase(), tag: release };
}

export const labels = {
  /** In the service and in each copy: a copy with the same one need not be replaced. */
  release: "lastgood.release",
  /** These three in the service only: were they in the copies too, every order would restart all of them. */
  op: "lastgood.op",
  epoch: "lastgood.epoch",
  generation: "lastgood.generation",
  /** How many copies were written off for lost when the order was repeated. */
  pushed: "lastgood.pushed",
  stack: "com.docker.stack.namespace",
} as const;

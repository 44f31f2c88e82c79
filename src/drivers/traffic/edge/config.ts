// What one edge container is: its names, ports, networks and folders.
import { createHash } from "node:crypto";
import { basename, dirname } from "node:path";
import { limits } from "../../../core/limits.ts";
import { problem, type Result } from "../../../core/result.ts";
import {
  type ProxyPaths,
  type ProxyTrafficConfig,
  type ProxyTuning,
  proxyPaths,
  settingsText,
} from "../proxy/files.ts";

export type EdgeNetwork = {
  readonly name: string;
  /** Names under which the edge answers there: the service's own name first. */
  readonly aliases: readonly string[];
  /** A fixed address, for networks whose subnet the user chose; null: Docker gives one. */
  readonly ip: string | null;
};

/** A port of the host that leads to the edge. */
export type PublishedPort = { readonly hostIp: string; readonly hostPort: number };

export type EdgeConfig = {
  readonly app: string;
  readonly env: string;
  /** Compose project of the user. */
  readonly project: string;
  readonly service: string;
  /** Absolute, on the engine's own machine; one edge for each. */
  readonly stateDir: string;
  /** A short folder that only we can write, for the control socket where `stateDir` is too long for one. */
  readonly socketDir?: string;
  /** The port inside, the same as the service's own. */
  readonly port: number;
  readonly networks: readonly [EdgeNetwork, ...EdgeNetwork[]];
  readonly published: readonly PublishedPort[];
  /** Where users arrive, such as `http://127.0.0.1:80` of an nginx in front; null: asked at the edge itself. */
  readonly publicUrl: string | null;
  /** More labels for it, such as those that a proxy of the user's reads. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly clientKey?: ProxyTrafficConfig["clientKey"];
  readonly tuning?: ProxyTuning;
};

const memory = "512m";
const heapMb = 320;
const stopSlackMs = 5_000;
const nameChars = 63;
const inside = { state: "/state", socket: "/socket" } as const;

/** Beside those that all containers of ours have. */
export const edgeLabels = {
  /** Digest of its image's content. */
  image: "lastgood.image",
  /** Digest of what it was created with. */
  spec: "lastgood.spec",
} as const;

/** Network in which new edges of a stack wait. */
export function waitingRoom({ project }: EdgeConfig): string {
  return `lastgood-${project}-waiting`;
}

/** At most 63 characters, so that it may be a host name too. */
export function nameOf({ project, service }: EdgeConfig): string {
  const name = `lastgood-${project}-edge-${service}`.toLowerCase().replaceAll(/[^a-z0-9-]+/g, "-");
  if (name.length <= nameChars) return name;
  const short = createHash("sha256").update(`${project}|${service}`).digest("hex").slice(0, 10);
  return `${name.slice(0, nameChars - short.length - 1)}-${short}`;
}

/** Paths as this side of the mount sees them. */
export function edgePaths(config: EdgeConfig): Result<ProxyPaths> {
  const { stateDir, socketDir } = config;
  const paths = proxyPaths({
    ...settingsOf(config),
    stateDir,
    ...(socketDir !== undefined && { socketDir }),
  });
  if (!paths.ok) return paths;
  for (const path of [stateDir, socketDir ?? ""]) {
    if (/[",\n]/.test(path)) {
      return problem(
        "config",
        `Docker can't mount a folder with such a name: ${path}`,
        "choose a folder without commas and quotes",
        path,
      );
    }
  }
  return paths;
}

/** The settings file, with the paths of the other side of the mount. */
export function edgeSettings(config: EdgeConfig, paths: ProxyPaths): string {
  return settingsText(settingsOf(config), innerSocket(config, paths));
}

function settingsOf({ port, clientKey, tuning }: EdgeConfig): ProxyTrafficConfig {
  return {
    stateDir: inside.state,
    listen: { host: "0.0.0.0", port },
    ...(clientKey && { clientKey }),
    ...(tuning && { tuning }),
  };
}

function innerSocket(config: EdgeConfig, { socket }: ProxyPaths): string {
  const folder = dirname(socket) === config.stateDir ? inside.state : inside.socket;
  return `${folder}/${basename(socket)}`;
}

export type Identity = { readonly uid: number; readonly gid: number };

/** Arguments of `docker create`, without the image and what follows it. */
export function createArguments(config: EdgeConfig, paths: ProxyPaths, as: Identity): readonly string[] {
  const graceMs = (config.tuning?.stopGraceMs ?? limits.drainDefaultMs) + stopSlackMs;
  const lowPort = config.port < 1024 && as.uid !== 0;
  return [
    ...["--restart", "always", "--user", `${as.uid}:${as.gid}`, "--read-only", "--cap-drop", "ALL"],
    ...["--security-opt", "no-new-privileges", "--memory", memory],
    ...["--log-driver", "json-file", "--log-opt", "max-size=4m", "--log-opt", "max-file=2"],
    ...[
      "--stop-timeout",
      String(Math.ceil(graceMs / 1_000)),
      "--env",
      `NODE_OPTIONS=--max-old-space-size=${heapMb}`,
    ],
    ...(lowPort ? ["--sysctl", "net.ipv4.ip_unprivileged_port_start=0"] : []),
    ...["--mount", `type=bind,src=${config.stateDir},dst=${inside.state}`],
    ...(dirname(paths.socket) === config.stateDir
      ? []
      : ["--mount", `type=bind,src=${dirname(paths.socket)},dst=${inside.socket}`]),
    ...config.published.flatMap((one) => ["--publish", publishText(one, config.port)]),
    ...["--network", waitingRoom(config), "--expose", String(config.port)],
    ...Object.entries(config.labels ?? {}).flatMap(([name, value]) => ["--label", `${name}=${value}`]),
  ];
}

/** What comes after the image. */
export const innerArguments = ["--config", `${inside.state}/proxy.json`] as const;

export function networkArguments({ aliases, ip }: EdgeNetwork): readonly string[] {
  return [...aliases.flatMap((alias) => ["--alias", alias]), ...(ip === null ? [] : ["--ip", ip])];
}

/** sha256 over everything that a running container can't be given later. */
export function specDigest(config: EdgeConfig, paths: ProxyPaths, as: Identity): string {
  const all = [createArguments(config, paths, as), config.networks, edgeSettings(config, paths)];
  return createHash("sha256").update(JSON.stringify(all)).digest("hex");
}

function publishText({ hostIp, hostPort }: PublishedPort, port: number): string {
  const ip = hostIp.includes(":") ? `[${hostIp}]` : hostIp;
  return `${ip === "" ? "" : `${ip}:`}${hostPort}:${port}`;
}

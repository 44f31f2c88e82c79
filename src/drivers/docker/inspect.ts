// Reads what `docker inspect` says of containers and images. Engine 20.10 and newer; what they add is not looked at.
import { z } from "zod";
import { parseJson } from "../../core/json.ts";

/** Engines say `null`, an empty text or nothing at all for what there is none of. */
const record = <T extends z.ZodType>(each: T) =>
  z
    .record(z.string(), each)
    .nullish()
    .transform((value) => value ?? {});

const network = z.looseObject({
  IPAddress: z.string().nullish(),
  NetworkID: z.string().nullish(),
  Aliases: z.array(z.string()).nullish(),
});

const portBinding = z.looseObject({ HostIp: z.string(), HostPort: z.string() });

const containerJson = z.looseObject({
  Id: z.string(),
  Name: z.string(),
  Created: z.string(),
  Image: z.string(),
  RestartCount: z.number().default(0),
  State: z.looseObject({
    Status: z.string(),
    ExitCode: z.number(),
    Error: z.string().default(""),
    StartedAt: z.string(),
    FinishedAt: z.string(),
    Pid: z.number().default(0),
    OOMKilled: z.boolean().default(false),
    Health: z.looseObject({ Status: z.string() }).nullish(),
  }),
  Config: z.looseObject({
    Image: z.string(),
    Labels: record(z.string()),
    Healthcheck: z
      .looseObject({ Test: z.array(z.string()).nullish(), Timeout: z.number().nullish() })
      .nullish(),
    Shell: z.array(z.string()).nullish(),
  }),
  HostConfig: z.looseObject({
    NetworkMode: z.string().default(""),
    PortBindings: record(z.array(portBinding).nullable()),
    RestartPolicy: z.looseObject({ Name: z.string() }).nullish(),
  }),
  NetworkSettings: z.looseObject({ Networks: record(network.nullable()) }),
});

const statuses = ["created", "running", "paused", "restarting", "removing", "exited", "dead"] as const;

export type Container = {
  /** The engine's own, 64 characters of hex. */
  readonly id: string;
  readonly name: string;
  /** Time of its creation, to the nanosecond; these texts sort by time. */
  readonly created: string;
  /** Milliseconds since 1970; null for what never started. */
  readonly startedAt: number | null;
  readonly imageId: string;
  /** What it was created from, as it was written. */
  readonly imageRef: string;
  readonly status: (typeof statuses)[number];
  readonly exitCode: number;
  /** The engine's own words for why it could not be started. */
  readonly error: string;
  /** Null where it has no healthcheck. */
  readonly health: "healthy" | "starting" | "unhealthy" | null;
  /** Its own healthcheck as a command; null where it has none. */
  readonly healthcheck: { readonly argv: readonly string[]; readonly timeoutMs: number | null } | null;
  /** How often its restart policy has started it again. */
  readonly restarts: number;
  readonly restartPolicy: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Its address in each of its networks, by the network's name; without those where it has none now. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly networks: readonly {
    readonly name: string;
    readonly id: string;
    readonly aliases: readonly string[];
  }[];
  readonly networkMode: string;
  /** Ports of the host that it asks for, whether it runs or not. */
  readonly published: readonly {
    readonly hostIp: string;
    readonly hostPort: number;
    readonly target: string;
  }[];
};

/** Lines of JSON, one container each (`--format '{{json .}}'`). Null where they are not what an engine writes. */
export function parseContainers(lines: string): readonly Container[] | null {
  const containers: Container[] = [];
  for (const line of lines.split("\n").filter((each) => each.trim() !== "")) {
    const parsed = containerJson.safeParse(parseJson(line));
    if (!parsed.success) return null;
    containers.push(containerOf(parsed.data));
  }
  return containers;
}

function containerOf(json: z.infer<typeof containerJson>): Container {
  const { State: state, Config: config, HostConfig: host } = json;
  const networks = Object.entries(json.NetworkSettings.Networks);
  return {
    id: json.Id,
    name: json.Name.replace(/^\//, ""),
    created: sortable(json.Created),
    startedAt: timeOf(state.StartedAt),
    imageId: json.Image,
    imageRef: config.Image,
    status: statuses.find((each) => each === state.Status) ?? "dead",
    exitCode: state.ExitCode,
    error: state.Error,
    health: healthOf(state.Health?.Status),
    healthcheck: checkOf(config.Healthcheck, config.Shell),
    restarts: json.RestartCount,
    restartPolicy: host.RestartPolicy?.Name || "no",
    labels: config.Labels,
    addresses: Object.fromEntries(
      networks.flatMap(([name, at]) => (at?.IPAddress ? [[name, at.IPAddress] as const] : [])),
    ),
    networks: networks.map(([name, at]) => ({ name, id: at?.NetworkID ?? "", aliases: at?.Aliases ?? [] })),
    networkMode: host.NetworkMode,
    published: Object.entries(host.PortBindings).flatMap(([target, bindings]) =>
      (bindings ?? []).map(({ HostIp, HostPort }) => ({
        hostIp: HostIp,
        hostPort: Number(HostPort),
        target,
      })),
    ),
  };
}

/** `none` is an engine's word for a healthcheck that was switched off. */
function healthOf(status: string | undefined): Container["health"] {
  return status === "healthy" || status === "starting" || status === "unhealthy" ? status : null;
}

/** The engine's own choice for a check that is a line of text: the user's line, run inside the user's container. */
const engineShell = "/bin/sh";
const readText = "-c";

function checkOf(
  check: { Test?: string[] | null | undefined; Timeout?: number | null | undefined } | null | undefined,
  shell: readonly string[] | null | undefined,
): Container["healthcheck"] {
  const [kind, ...words] = check?.Test ?? [];
  const timeoutMs = check?.Timeout ? check.Timeout / 1e6 : null;
  if (kind === "CMD" && words.length > 0) return { argv: words, timeoutMs };
  if (kind === "CMD-SHELL" && words.length > 0)
    return { argv: [...(shell ?? [engineShell, readText]), ...words], timeoutMs };
  return null;
}

/** Engines leave out zeros at the end of a fraction, which would spoil the order of texts. */
function sortable(time: string): string {
  const [, seconds = time, fraction = ""] = /^([^.Z]+)(?:\.(\d+))?Z$/.exec(time) ?? [];
  return `${seconds}.${fraction.padEnd(9, "0")}Z`;
}

/** The year 1 is an engine's word for never. */
function timeOf(text: string): number | null {
  const at = Date.parse(text.replace(/(\.\d{3})\d+/, "$1"));
  return Number.isNaN(at) || at <= 0 ? null : at;
}

const imageJson = z.looseObject({
  Id: z.string(),
  Size: z.number(),
  RepoTags: z.array(z.string()).nullish(),
  RepoDigests: z.array(z.string()).nullish(),
  Config: z
    .looseObject({
      ExposedPorts: record(z.unknown()),
      Healthcheck: z.looseObject({ Test: z.array(z.string()).nullish() }).nullish(),
    })
    .nullish(),
});

export type Image = {
  readonly id: string;
  readonly bytes: number;
  readonly tags: readonly string[];
  /** `name@sha256:…`: where a registry has it. */
  readonly digests: readonly string[];
  /** What it says it listens on (TCP). */
  readonly ports: readonly number[];
  readonly hasHealthcheck: boolean;
};

export function parseImages(lines: string): readonly Image[] | null {
  const images: Image[] = [];
  for (const line of lines.split("\n").filter((each) => each.trim() !== "")) {
    const parsed = imageJson.safeParse(parseJson(line));
    if (!parsed.success) return null;
    const { Id, Size, RepoTags, RepoDigests, Config } = parsed.data;
    const [kind] = Config?.Healthcheck?.Test ?? [];
    images.push({
      id: Id,
      bytes: Size,
      tags: RepoTags ?? [],
      digests: RepoDigests ?? [],
      ports: Object.keys(Config?.ExposedPorts ?? {}).flatMap((port) =>
        /^\d+(\/tcp)?$/.test(port) ? [Number.parseInt(port, 10)] : [],
      ),
      hasHealthcheck: kind === "CMD" || kind === "CMD-SHELL",
    });
  }
  return images;
}

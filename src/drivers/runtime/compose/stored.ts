// What is stored of a service: a compose file of its own with everything filled in, and the files it mounts as secrets. Pure.
import type { Json, JsonObject } from "../../../core/json.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import { engineName, type ServiceModel, type StackModel } from "../../docker/stack-model.ts";

/** A file of the user that a service mounts: where it lies now, and its name in the store. */
export type Filed = { readonly from: string; readonly as: string };

export type Stored = {
  /** Image left out: it is pinned when the release has its name. */
  readonly compose: JsonObject;
  readonly files: readonly Filed[];
};

/** What only matters where the file is used as a whole, or what a start decides by itself. */
const LEFT_OUT = [
  "build",
  "depends_on",
  "profiles",
  "links",
  "pull_policy",
  "env_file",
  "container_name",
  "ports",
  "scale",
  "develop",
  "mac_address",
];
/** Labels by which proxies find and route: on an instance they would send requests to it before it is well. */
const ROUTING = /^(traefik\.|caddy(_\d+)?(\.|$)|com\.github\.(nginx-proxy|jrcs)\.|nginx-proxy\.)/;

export function storedOf(stack: StackModel, name: string, service: ServiceModel): Result<Stored> {
  const files: Filed[] = [];
  const collected: Record<"secrets" | "configs", JsonObject> = { secrets: {}, configs: {} };
  for (const kind of ["secrets", "configs"] as const) {
    for (const { source } of service[kind] ?? []) {
      const taken = filedOf(stack, kind, name, source);
      if (!taken.ok) return taken;
      collected[kind][source] = taken.value.definition;
      if (taken.value.file !== null) files.push(taken.value.file);
    }
  }
  const kept = Object.entries(service).filter(([key, value]) => !LEFT_OUT.includes(key) && value !== null);
  const own: JsonObject = Object.fromEntries(kept) as JsonObject;
  own["labels"] = Object.fromEntries(
    Object.entries(service.labels ?? {}).filter(([key]) => !ROUTING.test(key)),
  );
  const networks = Object.keys(service.networks ?? {});
  if (networks.length > 0) own["networks"] = Object.fromEntries(networks.map((key) => [key, null]));
  delete own["image"];
  const deploy = deployOf(service);
  if (deploy === null) delete own["deploy"];
  else own["deploy"] = deploy;
  const compose: JsonObject = {
    services: { [name]: own },
    networks: Object.fromEntries(
      networks.map((key) => [key, external(engineName(stack, stack.networks, key))]),
    ),
    volumes: Object.fromEntries(
      namedVolumes(service).map((key) => [key, external(engineName(stack, stack.volumes, key))]),
    ),
    secrets: collected.secrets,
    configs: collected.configs,
  };
  return ok({ compose, files });
}

function external(name: string): JsonObject {
  return { name, external: true };
}

/** Limits and restart rules stay; how many there are and where is decided at the start. */
function deployOf({ deploy }: ServiceModel): JsonObject | null {
  const { replicas: _replicas, mode: _mode, placement: _placement, ...rest } = (deploy ?? {}) as JsonObject;
  const kept = Object.entries(rest).filter(([, value]) => !isEmpty(value));
  return kept.length === 0 ? null : Object.fromEntries(kept);
}

function isEmpty(value: Json | undefined): boolean {
  return (
    value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0)
  );
}

export function namedVolumes(service: ServiceModel): readonly string[] {
  const sources = (service.volumes ?? []).flatMap(({ type, source }) =>
    type === "volume" && source ? [source] : [],
  );
  return [...new Set(sources)];
}

export function routingLabels({ labels }: ServiceModel): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels ?? {}).filter(([key]) => ROUTING.test(key)));
}

function filedOf(
  stack: StackModel,
  kind: "secrets" | "configs",
  service: string,
  source: string,
): Result<{ definition: JsonObject; file: Filed | null }> {
  const defined = stack[kind]?.[source];
  if (typeof defined?.file === "string") {
    const as = `${kind}-${source}`;
    return ok({ definition: { file: `./files/${as}` }, file: { from: defined.file, as } });
  }
  if (typeof defined?.content === "string")
    return ok({ definition: { content: defined.content }, file: null });
  const what =
    typeof defined?.environment === "string" ? `the variable ${defined.environment}` : "outside of the file";
  return problem(
    "config",
    `${service} takes ${source} of its ${kind} from ${what}, which cannot be kept with a release`,
    `put it into a file: ${kind}: ${source}: file: …`,
  );
}

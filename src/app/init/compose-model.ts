// What a compose file says of its services: the short and the long forms of the compose specification as one.
import { parseDocument } from "yaml";

export type Mount = {
  readonly source: string;
  readonly target: string;
  readonly kind: "bind" | "volume" | "other";
};
export type PublishedPort = {
  readonly host: string | null;
  readonly published: number | null;
  readonly target: number;
};

export type ComposeEntry = {
  readonly name: string;
  /** With variables filled in; null where there is none. */
  readonly image: string | null;
  /** The build context, relative to the project's folder. */
  readonly context: string | null;
  readonly dockerfile: string | null;
  readonly containerName: string | null;
  readonly command: string;
  readonly exposed: readonly number[];
  readonly ports: readonly PublishedPort[];
  /** The healthcheck's command as one text; null where there is none, or it is switched off. */
  readonly healthcheck: string | null;
  readonly mounts: readonly Mount[];
  readonly dependsOn: Readonly<Record<string, string>>;
  readonly profiles: readonly string[];
  /** Names; those of `deploy` too. */
  readonly labels: readonly string[];
  /** The port that a label for Traefik names. */
  readonly labelPort: number | null;
  /** It says how Swarm shall update it. */
  readonly isForSwarm: boolean;
  /** Names only: values may be secrets. */
  readonly environment: readonly string[];
  /** Values of the few that are none. */
  readonly settings: Readonly<Record<string, string>>;
  readonly restart: string;
  readonly replicas: number;
  readonly networkMode: string | null;
};

export type ComposeModel = {
  readonly name: string | null;
  readonly services: readonly ComposeEntry[];
};

type Raw = Readonly<Record<string, unknown>>;

/** A document's value with anchors and merge keys followed; null where it is no map. */
export function readYaml(text: string): Raw | null {
  const document = parseDocument(text, { merge: true, logLevel: "silent", uniqueKeys: false });
  if (document.errors.length > 0) return null;
  try {
    return mapOf(document.toJS({ maxAliasCount: 1_000 }));
  } catch {
    return null;
  }
}

export function readModel(raw: Raw): ComposeModel {
  const services = Object.entries(mapOf(raw["services"]) ?? {});
  return {
    name: textOf(raw["name"]),
    services: services.map(([name, value]) => readService(name, mapOf(value) ?? {})),
  };
}

/** Later files win key by key; lists are put together. Only for where docker can't be asked. */
export function mergeRaw(files: readonly Raw[]): Raw {
  return files.reduce((all, file) => mergeMaps(all, file), {});
}

function mergeMaps(under: Raw, over: Raw): Raw {
  const merged: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const [a, b] = [mapOf(merged[key]), mapOf(value)];
    if (a && b) merged[key] = mergeMaps(a, b);
    else if (Array.isArray(merged[key]) && Array.isArray(value) && key !== "command")
      merged[key] = [...(merged[key] as unknown[]), ...value];
    else merged[key] = value;
  }
  return merged;
}

function readService(name: string, raw: Raw): ComposeEntry {
  const build = typeof raw["build"] === "string" ? { context: raw["build"] } : mapOf(raw["build"]);
  const deploy = mapOf(raw["deploy"]);
  return {
    name,
    image: textOf(raw["image"]),
    context: build ? (textOf(build["context"]) ?? ".") : null,
    dockerfile: build ? textOf(build["dockerfile"]) : null,
    containerName: textOf(raw["container_name"]),
    command: wordsOf(raw["command"]),
    exposed: listOf(raw["expose"])
      .map((port) => Number.parseInt(String(port), 10))
      .filter(Number.isInteger),
    ports: listOf(raw["ports"]).flatMap(readPort),
    healthcheck: readHealth(mapOf(raw["healthcheck"])),
    mounts: listOf(raw["volumes"]).flatMap(readMount),
    dependsOn: readDepends(raw["depends_on"]),
    profiles: listOf(raw["profiles"]).map(String),
    labels: [...namesOf(raw["labels"]), ...namesOf(deploy?.["labels"])],
    labelPort: portInLabels([...pairsOf(raw["labels"]), ...pairsOf(deploy?.["labels"])]),
    isForSwarm: deploy?.["update_config"] !== undefined || deploy?.["rollback_config"] !== undefined,
    environment: namesOf(raw["environment"]),
    settings: settingsOf(raw["environment"]),
    restart: textOf(raw["restart"]) ?? "",
    replicas: Number(deploy?.["replicas"] ?? raw["scale"] ?? 1),
    networkMode: textOf(raw["network_mode"]),
  };
}

function readHealth(raw: Raw | null): string | null {
  if (!raw || raw["disable"] === true) return null;
  const words = listOf(raw["test"]).map(String);
  if (typeof raw["test"] === "string") return raw["test"];
  return words.length === 0 || words[0] === "NONE" ? null : words.slice(1).join(" ");
}

/** `127.0.0.1:8001:8000`, `80:80/tcp`, `3000`, or the long form. Ranges are left out. */
function readPort(value: unknown): readonly PublishedPort[] {
  const long = mapOf(value);
  if (long) {
    const published = Number.parseInt(String(long["published"] ?? ""), 10);
    const target = Number(long["target"]);
    const host = textOf(long["host_ip"]);
    return Number.isInteger(target)
      ? [{ host, published: Number.isInteger(published) ? published : null, target }]
      : [];
  }
  const found = /^(?:(.+):)?(?:(\d+):)?(\d+)(?:\/\w+)?$/.exec(withoutHost(String(value)).rest);
  if (!found) return [];
  const published = found[1] === undefined ? (found[2] ?? null) : found[1];
  return [
    {
      host: withoutHost(String(value)).host,
      published: published === null ? null : Number.parseInt(published, 10),
      target: Number(found[3]),
    },
  ];
}

function withoutHost(text: string): { readonly host: string | null; readonly rest: string } {
  const found = /^(\[[^\]]+\]|[^:]*[^\d:][^:]*):(.+)$/.exec(text);
  return found ? { host: found[1] ?? null, rest: found[2] ?? "" } : { host: null, rest: text };
}

function readMount(value: unknown): readonly Mount[] {
  const long = mapOf(value);
  if (long) {
    const kind = long["type"] === "bind" || long["type"] === "volume" ? long["type"] : "other";
    return [{ source: textOf(long["source"]) ?? "", target: textOf(long["target"]) ?? "", kind }];
  }
  const [source = "", target] = String(value).split(":");
  if (target === undefined) return [{ source: "", target: source, kind: "volume" }];
  return [{ source, target, kind: /^[./~]/.test(source) ? "bind" : "volume" }];
}

function readDepends(value: unknown): Readonly<Record<string, string>> {
  if (Array.isArray(value)) return Object.fromEntries(value.map((name) => [String(name), "service_started"]));
  const entries = Object.entries(mapOf(value) ?? {});
  return Object.fromEntries(entries.map(([name, how]) => [name, textOf(mapOf(how)?.["condition"]) ?? ""]));
}

function namesOf(value: unknown): readonly string[] {
  return pairsOf(value).map(([name]) => name);
}

const noSecrets: readonly string[] = ["POSTGRES_USER", "POSTGRES_DB"];

function settingsOf(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(pairsOf(value).filter(([name, text]) => noSecrets.includes(name) && text !== ""));
}

function portInLabels(labels: readonly (readonly [string, string])[]): number | null {
  const found = labels.find(([name]) => /^traefik\..*\.loadbalancer\.server\.port$/.test(name))?.[1];
  return found !== undefined && /^\d+$/.test(found) ? Number(found) : null;
}

/** `NAME=value` lines or a map; without a value the text is empty. */
function pairsOf(value: unknown): readonly (readonly [string, string])[] {
  if (!Array.isArray(value))
    return Object.entries(mapOf(value) ?? {}).map(([name, text]) => [name, String(text ?? "")] as const);
  return value.map((line) => {
    const [, name = String(line), text = ""] = /^([^=]*)=(.*)$/s.exec(String(line)) ?? [];
    return [name, text] as const;
  });
}

function wordsOf(value: unknown): string {
  return Array.isArray(value) ? value.map(String).join(" ") : (textOf(value) ?? "");
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string | null {
  return typeof value === "string" || typeof value === "number" ? String(value) : null;
}

export function mapOf(value: unknown): Raw | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Raw) : null;
}

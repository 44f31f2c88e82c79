// The compose file that starts one instance beside whatever runs: names, labels and copies of its own. Pure.
import type { JsonObject } from "../../../core/json.ts";
import { copyName } from "../../docker/names.ts";
import { dollars } from "../../docker/stack-model.ts";

export type StartFile = {
  /** Text of the stored compose file. */
  readonly stored: string;
  readonly service: string;
  /** Folder of the stored file: its secret files lie there. */
  readonly folder: string;
  readonly instance: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly copies: number;
  /** Instead of what it usually runs; null: as stored. For commands that run once. */
  readonly once: readonly string[] | null;
};

/**
 * One service for each copy, called like the instance: Compose makes a service's name a name in its networks, and the
 * user's own name must never lead to an instance that is not well yet. All copies answer to the instance's name.
 */
export function startFile({
  stored,
  service,
  folder,
  instance,
  image,
  labels,
  copies,
  once,
}: StartFile): JsonObject {
  const model = JSON.parse(stored) as Record<string, Record<string, JsonObject>>;
  const own = model["services"]?.[service] ?? {};
  const services: JsonObject = {};
  for (let copy = 1; copy <= copies; copy++) {
    const name = copyName(instance, copy);
    services[name] = {
      ...own,
      image,
      container_name: name,
      pull_policy: "never",
      labels: { ...(own["labels"] as JsonObject), ...doubled(labels) },
      ...(own["networks"] === undefined
        ? {}
        : { networks: networksOf(own["networks"] as JsonObject, instance) }),
      ...(once === null ? {} : { ...runOnce, command: once.map(dollars) }),
    };
  }
  const filed = (kind: string): JsonObject =>
    Object.fromEntries(
      Object.entries(model[kind] ?? {}).map(([key, definition]) => [
        key,
        typeof definition["file"] === "string"
          ? { ...definition, file: `${dollars(folder)}/${definition["file"].replace(/^\.\//, "")}` }
          : definition,
      ]),
    );
  return {
    services,
    networks: model["networks"] ?? {},
    volumes: model["volumes"] ?? {},
    secrets: filed("secrets"),
    configs: filed("configs"),
  };
}

const runOnce: JsonObject = { restart: "no", healthcheck: { disable: true } };

function networksOf(networks: JsonObject, instance: string): JsonObject {
  return Object.fromEntries(Object.keys(networks).map((key) => [key, { aliases: [instance] }]));
}

function doubled(labels: Readonly<Record<string, string>>): JsonObject {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, dollars(value)]));
}

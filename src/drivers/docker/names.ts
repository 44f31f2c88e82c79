// What everything of ours is called in the engine, and which labels it carries. Pure; the same for a retry.
import { sha256 } from "../../core/digest.ts";

/** Labels on every container of ours. What has no `kind` is not ours and is never touched. */
export const labels = {
  /** `instance`, `task` or `trial`. */
  kind: "lastgood.kind",
  app: "lastgood.app",
  env: "lastgood.env",
  service: "lastgood.service",
  /** Release id. */
  release: "lastgood.release",
  /** The op that made it. */
  op: "lastgood.op",
  epoch: "lastgood.epoch",
  /** Name of the instance that this container belongs to: several containers, where a service has several copies. */
  instance: "lastgood.instance",
  /** What it listens on inside; empty for what answers no requests. */
  port: "lastgood.port",
  /** How many containers make its instance. */
  copies: "lastgood.copies",
  /** On images built here: the version that they were built for. */
  version: "lastgood.version",
} as const;

/** A label of the name system holds 63 characters, and these names are looked up there. */
const NAME_CHARACTERS = 63;
const HASH_CHARACTERS = 10;

/** Of the first container of an instance, and the instance's id: `shop-api-3fa8c1d0e2`. */
export function instanceName(project: string, service: string, release: string, op: string): string {
  return withHash(`${project}-${service}`, `${project}|${service}|${release}|${op}`);
}

/** Of copy 1, 2, …: the first one has the instance's own name. */
export function copyName(instance: string, copy: number): string {
  return copy === 1 ? instance : `${instance}-${copy}`;
}

export function taskName(project: string, service: string, op: string): string {
  return withHash(`${project}-${service}-task`, `task|${project}|${service}|${op}`);
}

export function trialName(project: string, service: string, op: string): string {
  return withHash(`${project}-${service}-trial`, `trial|${project}|${service}|${op}`);
}

/** The name under which the release keeps its image: `lastgood/shop-api:v2-de900655`. */
export function imageTag(project: string, service: string, release: string): string {
  return `${imageRepository(project, service)}:${release}`;
}

export function imageRepository(project: string, service: string): string {
  return `lastgood/${plain(`${project}-${service}`)}`;
}

/** True for what may be the tag of an image, a path and part of a name. */
export function isTag(text: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,71}$/.test(text);
}

/** `--filter label=…` for each of them. */
export function labelFilters(wanted: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(wanted).flatMap(([name, value]) => ["--filter", `label=${name}=${value}`]);
}

function withHash(stem: string, of: string): string {
  const room = NAME_CHARACTERS - HASH_CHARACTERS - 1 - "-99".length;
  return `${plain(stem)
    .slice(0, room)
    .replace(/[-_.]+$/, "")}-${sha256(of).slice(0, HASH_CHARACTERS)}`;
}

/** Lower case, and none of two separators in a row: what image names, host names and container names all allow. */
function plain(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
}

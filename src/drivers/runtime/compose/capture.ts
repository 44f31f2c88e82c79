// Takes a version into the release store: images pinned and named, everything filled in, the same release every time.
import { basename } from "node:path";
import { sha256 } from "../../../core/digest.ts";
import { canonical, type JsonObject } from "../../../core/json.ts";
import { type Release, releaseId, type ServiceSpec } from "../../../core/release.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Docker } from "../../docker/cli.ts";
import { tagImage } from "../../docker/images.ts";
import type { Image } from "../../docker/inspect.ts";
import { imageTag, isTag } from "../../docker/names.ts";
import { inFolder, readStack } from "../../docker/stack-files.ts";
import { engineName, environmentOf, type ServiceModel, type StackModel } from "../../docker/stack-model.ts";
import { isSafeName } from "../process/config.ts";
import { digestBytes } from "../process/proof.ts";
import type { ComposeLayout, ComposeRuntimeConfig, ComposeRuntimeDeps } from "./config.ts";
import { type Described, describe, releaseServices } from "./describe.ts";
import { dropBuilding, imagesFor } from "./images.ts";
import { envFilesOf, envRedactor } from "./redact.ts";
import type { ComposeSpec } from "./spec.ts";
import { type Filed, routingLabels, storedOf } from "./stored.ts";

export type CaptureRoom = {
  readonly config: ComposeRuntimeConfig;
  readonly deps: ComposeRuntimeDeps;
  readonly docker: Docker;
  readonly where: ComposeLayout;
  readonly isWhole: (release: Release) => Promise<boolean>;
};

type Part = {
  readonly described: Described;
  readonly image: Image;
  /** The stored compose file, as text. */
  readonly compose: string;
  readonly files: readonly (Filed & { readonly content: Buffer })[];
  readonly spec: ServiceSpec;
};

/** `running`: images by service that are taken as they are, instead of those that the files name. */
export async function captureStack(
  room: CaptureRoom,
  version: string,
  running: ReadonlyMap<string, Image> | null,
): Promise<Result<Release>> {
  const { config, docker } = room;
  if (!isTag(version)) return badVersion(version);
  const used = await usesVariable(room);
  if (!used.ok) return used;
  const redact = await envRedactor(room.deps.files, config.stack);
  const stack = await readStack(docker, config.stack, version, redact);
  if (!stack.ok) return stack;
  const names = releaseServices(stack.value, config.services);
  if (!names.ok) return names;
  const fits = fitAll(stack.value, config, names.value);
  if (!fits.ok) return fits;
  const images =
    running === null
      ? await imagesFor(config, docker, stack.value, names.value, version, redact)
      : ok(running);
  if (!images.ok) return images;
  const parts: Part[] = [];
  for (const name of names.value.filter((each) => images.value.has(each))) {
    const image = images.value.get(name);
    if (image === undefined) continue;
    const part = await readPart(room, stack.value, name, image);
    if (!part.ok) return part;
    parts.push(part.value);
  }
  const release = await store(room, stack.value, version, parts);
  if (release.ok && running === null) await dropBuilding(docker, stack.value, names.value);
  return release;
}

function badVersion(version: string): Result<never> {
  return problem(
    "usage",
    `${JSON.stringify(version)} cannot be a version of a compose stack`,
    "use up to 72 letters, digits, `.`, `_` and `-`, as tags of images do",
  );
}

/** Before anything is built: a mistake in the config should not cost minutes. */
function fitAll(stack: StackModel, config: ComposeRuntimeConfig, names: readonly string[]): Result<void> {
  for (const name of names) {
    const odd = isSafeName(name)
      ? describe(stack, config.services, name, null)
      : problem("config", `${name} cannot be a service's name here`, "use letters, digits and `-`");
    // A port may yet be known from the image.
    if (!odd.ok && !odd.error.what.startsWith("nothing says which port")) return odd;
  }
  return ok(undefined);
}

/** A variable that the files never use would give every version the same images. */
async function usesVariable({ config, deps }: CaptureRoom): Promise<Result<void>> {
  const { versionVariable, files } = config.stack;
  if (versionVariable === null) return ok(undefined);
  const used = new RegExp(`\\$(${versionVariable}\\b|\\{${versionVariable}\\b)`);
  for (const file of files) {
    const text = await deps.files.read(inFolder(config.stack, file));
    if (!text.ok) return text;
    if (used.test(text.value.toString("utf8"))) return ok(undefined);
  }
  return problem(
    "config",
    `the compose file does not use the variable ${versionVariable}`,
    `write image: name:\${${versionVariable}} there, or correct stack.versionVariable`,
    inFolder(config.stack, files[0]),
  );
}

async function readPart(
  room: CaptureRoom,
  stack: StackModel,
  name: string,
  image: Image,
): Promise<Result<Part>> {
  const service = stack.services[name];
  const described = describe(stack, room.config.services, name, image);
  if (!described.ok) return described;
  const stored = storedOf(stack, name, service ?? {});
  if (!stored.ok) return stored;
  const files: (Filed & { content: Buffer })[] = [];
  for (const file of stored.value.files) {
    const content = await room.deps.files.read(file.from);
    if (!content.ok) return content;
    files.push({ ...file, content: content.value });
  }
  const compose = `${JSON.stringify(pinned(stored.value.compose, name, image.id), null, 2)}\n`;
  const spec: ServiceSpec = {
    class: described.value.classed.class === "app" ? "app" : "worker",
    routed: described.value.routed,
    health: described.value.health,
    stopGraceMs: described.value.stopGraceMs,
    spec: ownSpec(stack, service ?? {}, described.value, image, compose, files),
  };
  return ok({ described: described.value, image, compose, files, spec });
}

function pinned(compose: JsonObject, name: string, image: string): JsonObject {
  const services = compose["services"] as Record<string, JsonObject>;
  return { ...compose, services: { [name]: { image, ...services[name] } } };
}

function ownSpec(
  stack: StackModel,
  service: ServiceModel,
  { name, port, copies }: Described,
  image: Image,
  compose: string,
  files: readonly { readonly as: string; readonly content: Buffer }[],
): ComposeSpec & { readonly envDigest: string } {
  return {
    project: stack.name,
    image: image.id,
    imageName: service.image ?? "",
    composeDigest: sha256(compose),
    envDigest: sha256(canonical(environmentOf(service))),
    files: Object.fromEntries(files.map(({ as, content }) => [as, digestBytes(content)])),
    port,
    copies,
    networks: Object.entries(service.networks ?? {}).map(([key, at]) => ({
      name: engineName(stack, stack.networks, key),
      aliases: [
        ...new Set([
          name,
          ...(service.container_name ? [service.container_name] : []),
          ...(at?.aliases ?? []),
        ]),
      ],
      ip: at?.ipv4_address ?? null,
    })),
    published: (service.ports ?? [])
      .filter(({ published }) => /^\d+$/.test(published ?? ""))
      .map(({ host_ip, published, target, protocol }) => ({
        hostIp: host_ip ?? "",
        hostPort: Number(published),
        target,
        protocol,
      })),
    routingLabels: { ...routingLabels(service) },
  };
}

async function store(
  room: CaptureRoom,
  stack: StackModel,
  version: string,
  parts: readonly Part[],
): Promise<Result<Release>> {
  const { docker, deps, where } = room;
  const services = Object.fromEntries(parts.map(({ described, spec }) => [described.name, spec]));
  const digest = sha256(canonical(services));
  const release: Release = { id: releaseId(version, digest), version, digest, services };
  // Always: a name of an image costs nothing, and somebody may have removed it.
  for (const { described, image } of parts) {
    const tagged = await tagImage(docker, image.id, imageTag(stack.name, described.name, release.id));
    if (!tagged.ok) return tagged;
  }
  if (await room.isWhole(release)) return ok(release);
  const kept = await keepOriginals(room, release.id);
  if (!kept.ok) return kept;
  for (const part of parts) {
    const stored = await storePart(room, release.id, part);
    if (!stored.ok) return stored;
  }
  const manifest = {
    release,
    capturedAt: deps.clock.now(),
    notes: parts.flatMap(({ described }) => described.notes),
    classes: Object.fromEntries(parts.map(({ described }) => [described.name, described.classed])),
    registry: Object.fromEntries(parts.map(({ described, image }) => [described.name, image.digests])),
  };
  // Written last: a release with a manifest is complete.
  const written = await deps.files.replace(
    where.manifest(release.id),
    JSON.stringify(manifest, null, 2),
    0o600,
  );
  return written.ok ? ok(release) : written;
}

/** Compose and env files as they were, for people and for the day when everything else is gone. */
async function keepOriginals({ config, deps, where }: CaptureRoom, release: string): Promise<Result<void>> {
  const { files, envFiles } = config.stack;
  const wanted = [
    ...files.map((file) => [file, true] as const),
    ...envFilesOf(config.stack).map((file) => [file, envFiles.length > 0] as const),
  ];
  for (const [i, [file, needed]] of wanted.entries()) {
    const content = await deps.files.read(inFolder(config.stack, file));
    if (!content.ok && content.error.code === "missing" && !needed) continue;
    if (!content.ok) return content;
    const path = `${where.originals(release)}/${i + 1}-${basename(file)}`;
    const written = await deps.files.replace(path, content.value, 0o600);
    if (!written.ok) return written;
  }
  return ok(undefined);
}

async function storePart(room: CaptureRoom, release: string, part: Part): Promise<Result<void>> {
  const { deps, where } = room;
  const { name } = part.described;
  for (const { as, content } of part.files) {
    // Its folder is closed to others (0700); inside the container it must be readable for whoever runs there.
    const written = await deps.files.replace(where.filed(release, name, as), content, 0o444);
    if (!written.ok) return written;
  }
  return deps.files.replace(where.composeFile(release, name), part.compose, 0o600);
}

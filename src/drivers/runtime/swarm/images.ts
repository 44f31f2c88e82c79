// Images of a release: named so that every node gets the same one, and kept from pruning on the manager.
import { z } from "zod";
import { ok, problem, type Result } from "../../../core/result.ts";
import { image as imageShape } from "./api.ts";
import { keptTag } from "./config.ts";
import type { SwarmDocument } from "./document.ts";
import { type Engine, refused } from "./engine.ts";

const distribution = z.looseObject({ Descriptor: z.looseObject({ digest: z.string() }) });

/**
 * `name@sha256:…` where a registry knows it (nodes pull it by that), else the image's id: then nobody asks a registry,
 * and each node must have it loaded.
 */
export async function pinned(engine: Engine, image: string): Promise<Result<string>> {
  if (image.includes("@sha256:") || /^sha256:[0-9a-f]{64}$/.test(image)) return ok(image);
  const local = await engine.get(`/images/${image}/json`, imageShape);
  if (!local.ok) return local;
  const repo = repoOf(image);
  if (local.value.value) {
    const known = local.value.value.RepoDigests?.find((digest) => digest.startsWith(`${repo}@`));
    return ok(known ?? local.value.value.Id);
  }
  const remote = await engine.get(`/distribution/${image}/json`, distribution);
  if (remote.ok && remote.value.value) return ok(`${repo}@${remote.value.value.Descriptor.digest}`);
  return problem(
    "missing",
    `there is no image ${image}: not on the manager, nor in a registry that it can ask`,
    `build and push it, or load it on every node: docker load`,
  );
}

/** Bytes of all images on the manager; `missing` names one that no node could get. */
export async function imagesThere(engine: Engine, document: SwarmDocument): Promise<Result<number>> {
  const images = new Set(
    Object.values(document.services).map((spec) => spec.TaskTemplate.ContainerSpec.Image),
  );
  let bytes = 0;
  for (const image of images) {
    const local = await engine.get(`/images/${image}/json`, imageShape);
    if (!local.ok) return local;
    if (local.value.value) bytes += local.value.value.Size;
    // With a registry's digest the nodes fetch it themselves; the manager need not have it.
    else if (!image.includes("@")) return gone(image);
  }
  return ok(bytes);
}

/** Tags of ours hold what plain pruning would take. Only on the manager: others are out of reach. */
export async function keep(
  engine: Engine,
  stackName: string,
  release: string,
  document: SwarmDocument,
): Promise<Result<void>> {
  for (const [service, spec] of Object.entries(document.services)) {
    const { Image: image } = spec.TaskTemplate.ContainerSpec;
    const said = await engine.post(`/images/${image}/tag`, {}, keptTag(stackName, service, release));
    if (!said.ok) return said;
    if (said.value.status === 404) continue; // only in the registry
    if (said.value.status >= 300) return refused(said.value.status, said.value.message);
  }
  return ok(undefined);
}

export async function letGo(
  engine: Engine,
  stackName: string,
  release: string,
  services: readonly string[],
): Promise<Result<void>> {
  for (const service of services) {
    const { repo, tag } = keptTag(stackName, service, release);
    const said = await engine.remove(`/images/${repo}:${tag}?noprune=true`);
    if (!said.ok) return said;
    const { status, message } = said.value;
    if (status >= 300 && status !== 404) return refused(status, message);
  }
  return ok(undefined);
}

/** Without tag; a port of a registry is no tag. */
function repoOf(image: string): string {
  return image.replace(/:[^/:]+$/, "");
}

function gone(image: string): Result<never> {
  return problem(
    "missing",
    `the image ${image} is no longer on the manager, and no registry has it`,
    "load it again on every node (docker load), or deploy the version again",
  );
}

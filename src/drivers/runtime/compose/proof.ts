// Proves that a stored release can be started: every file as it was captured, every image on this machine.
import { sha256 } from "../../../core/digest.ts";
import type { Release } from "../../../core/release.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Files } from "../../../ports/files.ts";
import type { Docker } from "../../docker/cli.ts";
import { inspectImages } from "../../docker/images.ts";
import { parseStack, type StackModel } from "../../docker/stack-model.ts";
import { digestBytes } from "../process/proof.ts";
import type { ComposeLayout } from "./config.ts";
import { type ComposeSpec, composeSpecOf } from "./spec.ts";

/** `missing` or `damaged` names what is not whole. */
export async function whole(
  files: Files,
  docker: Docker,
  where: ComposeLayout,
  release: Release,
): Promise<Result<{ readonly bytes: number }>> {
  const manifest = await files.stat(where.manifest(release.id));
  if (!manifest.ok) return manifest;
  if (manifest.value === null) return notStored(release.id, where);
  const specs = Object.entries(release.services).map(([name, spec]) => [name, composeSpecOf(spec)] as const);
  let bytes = 0;
  for (const [name, spec] of specs) {
    const stored = await storedBytes(files, where, release.id, name, spec);
    if (!stored.ok) return stored;
    bytes += stored.value;
  }
  const ids = [...new Set(specs.map(([, { image }]) => image))];
  const images = await inspectImages(docker, ids);
  if (!images.ok) return images;
  const gone = specs.filter(([, { image }]) => !images.value.some((found) => found?.id === image));
  if (gone.length > 0) return imagesGone(release, gone);
  return ok({ bytes: images.value.reduce((sum, image) => sum + (image?.bytes ?? 0), bytes) });
}

export function notStored(release: string, where: ComposeLayout): Result<never> {
  return problem(
    "missing",
    `release ${release} is not in the store`,
    "deploy its version again, or choose another release",
    where.release(release),
  );
}

function imagesGone(release: Release, gone: readonly (readonly [string, ComposeSpec])[]): Result<never> {
  const names = gone.map(
    ([name, { image, imageName }]) => `${name} (${imageName || "built here"}, ${image})`,
  );
  return problem(
    "missing",
    `images of release ${release.id} are not on this machine any more: ${names.join("; ")}`,
    `deploy ${release.version} again to pull or build them; docker image prune --all takes what no container uses`,
  );
}

async function storedBytes(
  files: Files,
  where: ComposeLayout,
  release: string,
  name: string,
  spec: ComposeSpec,
): Promise<Result<number>> {
  const compose = await readStored(files, where, release, name, spec);
  if (!compose.ok) return compose;
  let bytes = compose.value.text.length;
  for (const [file, digest] of Object.entries(spec.files)) {
    const path = where.filed(release, name, file);
    const content = await files.read(path);
    if (!content.ok) return content.error.code === "missing" ? damaged(release, path) : content;
    if (digestBytes(content.value) !== digest) return damaged(release, path);
    bytes += content.value.length;
  }
  return ok(bytes);
}

export type StoredCompose = { readonly text: string; readonly stack: StackModel };

/** The stored compose file of a service, checked against the release. */
export async function readStored(
  files: Files,
  where: ComposeLayout,
  release: string,
  name: string,
  { composeDigest }: ComposeSpec,
): Promise<Result<StoredCompose>> {
  const path = where.composeFile(release, name);
  const content = await files.read(path);
  if (!content.ok) return content.error.code === "missing" ? notStored(release, where) : content;
  const text = content.value.toString("utf8");
  if (sha256(text) !== composeDigest) return damaged(release, path);
  const stack = parseStack(JSON.stringify({ name: "stored", ...JSON.parse(text) }));
  return stack === null ? damaged(release, path) : ok({ text, stack });
}

function damaged(release: string, path: string): Result<never> {
  return problem(
    "damaged",
    `the stored release ${release} is not whole: ${path} is lost or was changed`,
    "choose another release, or deploy its version again",
    path,
  );
}

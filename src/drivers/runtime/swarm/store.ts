// The release store: what is needed to put a release back into the swarm, and the user's own files as they were.
import { basename } from "node:path";
import { z } from "zod";
import { sha256 } from "../../../core/digest.ts";
import { canonical, parseJson } from "../../../core/json.ts";
import { type Release, release as releaseShape, type ServiceSpec } from "../../../core/release.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Files } from "../../../ports/files.ts";
import { isSafeName } from "../process/config.ts";
import type { SwarmConfig, SwarmLayout } from "./config.ts";
import { document, type SwarmDocument } from "./document.ts";

/** What the journal keeps of a service in a swarm; nothing secret. */
const swarmSpec = z.strictObject({
  /** In the swarm: `<stack>_<service>`. */
  name: z.string(),
  /** By digest or id. */
  image: z.string(),
  /** Null: one on each node. */
  replicas: z.number().nullable(),
  /** sha256 of the stored document: it holds environment and secrets. */
  documentDigest: z.string(),
});
export type SwarmServicePart = z.infer<typeof swarmSpec>;

const manifest = z.object({ release: releaseShape });

/** Throws where the release was made for another runtime: the config's runtime was changed under it. */
export function swarmSpecOf({ spec }: ServiceSpec): SwarmServicePart {
  return swarmSpec.parse(spec);
}

export function documentDigest(all: SwarmDocument): string {
  return sha256(canonical(all));
}

/** `missing` without it, `damaged` where it is not what was captured. */
export async function readDocument(
  files: Files,
  where: SwarmLayout,
  release: Release,
): Promise<Result<SwarmDocument>> {
  if (!isSafeName(release.id)) return notStored(release);
  const content = await files.read(where.document(release.id));
  if (!content.ok) return content.error.code === "missing" ? notStored(release) : content;
  const parsed = document.safeParse(parseJson(content.value.toString("utf8")));
  const wanted = Object.values(release.services).map((service) => swarmSpecOf(service).documentDigest);
  if (parsed.success && wanted.every((digest) => digest === documentDigest(parsed.data)))
    return ok(parsed.data);
  return problem(
    "damaged",
    `what is stored of release ${release.id} is not what was captured`,
    "deploy the version again, or another one",
    where.document(release.id),
  );
}

/** The manifest comes last: a release that has one is complete. */
export async function writeRelease(
  files: Files,
  where: SwarmLayout,
  config: SwarmConfig,
  release: Release,
  all: SwarmDocument,
): Promise<Result<void>> {
  const written = await files.replace(where.document(release.id), JSON.stringify(all), 0o600);
  if (!written.ok) return written;
  const sources = [...config.files, ...(config.envFile === null ? [] : [config.envFile])];
  for (const [index, path] of sources.entries()) {
    const content = await files.read(path);
    if (!content.ok) return content;
    const copied = await files.replace(
      where.source(release.id, `${index + 1}-${basename(path)}`),
      content.value,
      0o600,
    );
    if (!copied.ok) return copied;
  }
  return files.replace(where.manifest(release.id), JSON.stringify({ release }, null, 2), 0o600);
}

/** Releases in the store, without those that are not complete. */
export async function storedReleases(files: Files, where: SwarmLayout): Promise<Result<readonly Release[]>> {
  const names = await files.list(where.releases);
  if (!names.ok) return names;
  const found: Release[] = [];
  for (const name of names.value) {
    const content = await files.read(where.manifest(name));
    if (!content.ok) continue;
    const parsed = manifest.safeParse(parseJson(content.value.toString("utf8")));
    if (parsed.success) found.push(parsed.data.release);
  }
  return ok(found);
}

function notStored(release: Release): Result<never> {
  return problem("missing", `release ${release.id} is not in the store`, `deploy ${release.version} again`);
}

// Takes a version from its source into the release store: whole, checked, and the same release every time.
import { sha256 } from "../../../core/digest.ts";
import { canonical } from "../../../core/json.ts";
import { limits } from "../../../core/limits.ts";
import { type Release, releaseId, type ServiceSpec } from "../../../core/release.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Tree } from "../../../ports/digest.ts";
import {
  isSafeName,
  type Layout,
  type ProcessRuntimeConfig,
  type ProcessServiceConfig,
  type StoreDeps,
} from "./config.ts";
import { digestBytes, type Proof } from "./proof.ts";
import type { ProcessSpec } from "./spec.ts";
import { missingVersion, sourceFolder } from "./versions.ts";

type Part = {
  readonly service: string;
  readonly folder: string;
  readonly tree: Tree;
  readonly envFile: Buffer | null;
  readonly spec: ServiceSpec;
};

/** `isRunning` tells whether an instance of a release is alive: what runs is never mended under its feet. */
export async function capture(
  config: ProcessRuntimeConfig,
  deps: StoreDeps,
  where: Layout,
  proof: Proof,
  isRunning: (release: string) => Promise<Result<boolean>>,
  version: string,
): Promise<Result<Release>> {
  const parts: Part[] = [];
  for (const [service, described] of Object.entries(config.services)) {
    const part = await readPart(deps, service, described, version);
    if (!part.ok) return part;
    parts.push(part.value);
  }
  const release = releaseOf(version, parts);
  if (await isStored(deps, where, proof, release)) return ok(release);

  const running = await isRunning(release.id);
  if (!running.ok) return running;
  if (running.value) return runsDamaged(release, where.release(release.id));
  const space = await enoughSpace(deps, where, parts);
  if (!space.ok) return space;
  for (const part of parts) {
    const stored = await storePart(deps, where, proof, release.id, part);
    if (!stored.ok) return stored;
  }
  // Written last: a release with a manifest is complete.
  const manifest = JSON.stringify({ release, capturedAt: deps.clock.now() }, null, 2);
  const written = await deps.files.replace(where.manifest(release.id), manifest, 0o600);
  return written.ok ? ok(release) : written;
}

async function readPart(
  deps: StoreDeps,
  service: string,
  described: ProcessServiceConfig,
  version: string,
): Promise<Result<Part>> {
  if (!isSafeName(service))
    return problem(
      "config",
      `${JSON.stringify(service)} cannot be a service's name`,
      "use letters, digits and `-`",
    );
  const folder = sourceFolder(described.source, version);
  if (!folder.ok) return folder;
  const there = await deps.files.stat(folder.value);
  if (!there.ok) return there;
  if (there.value?.type !== "directory")
    return missingVersion(deps.files, service, described.source, version);
  const tree = await deps.digestTree(folder.value);
  if (!tree.ok) return tree;
  const envFile = await readEnvSource(deps, service, described.envFile);
  if (!envFile.ok) return envFile;
  const { command, env, health, stopGraceMs } = described;
  const own: ProcessSpec = {
    command: [...command],
    env: { ...env },
    envFileDigest: envFile.value === null ? null : digestBytes(envFile.value),
    filesDigest: tree.value.digest,
  };
  const spec: ServiceSpec = { class: "app", routed: true, health: { ...health }, stopGraceMs, spec: own };
  return ok({ service, folder: folder.value, tree: tree.value, envFile: envFile.value, spec });
}

async function readEnvSource(
  deps: StoreDeps,
  service: string,
  path: string | null,
): Promise<Result<Buffer | null>> {
  if (path === null) return ok(null);
  const content = await deps.files.read(path);
  if (content.ok || content.error.code !== "missing") return content;
  return problem(
    "missing",
    `there is no env file of ${service} at ${path}`,
    "put it there, or take env_file out of the configuration",
    path,
  );
}

function releaseOf(version: string, parts: readonly Part[]): Release {
  const services = Object.fromEntries(parts.map(({ service, spec }) => [service, spec]));
  const digest = sha256(canonical(services));
  return { id: releaseId(version, digest), version, digest, services };
}

async function isStored(deps: StoreDeps, where: Layout, proof: Proof, release: Release): Promise<boolean> {
  const manifest = await deps.files.stat(where.manifest(release.id));
  return manifest.ok && manifest.value !== null && (await proof.whole(release)).ok;
}

async function storePart(
  deps: StoreDeps,
  where: Layout,
  proof: Proof,
  release: string,
  part: Part,
): Promise<Result<void>> {
  const cleaned = await removeUnfinished(deps, where.service(release, part.service));
  if (!cleaned.ok) return cleaned;
  const copied = await storeFiles(deps, where, proof, release, part);
  if (!copied.ok) return copied;
  const list = JSON.stringify(part.tree.entries.map((entry) => ({ ...entry, identity: "" })));
  const listed = await deps.files.replace(where.list(release, part.service), list, 0o600);
  if (!listed.ok || part.envFile === null) return listed;
  return deps.files.replace(where.envFile(release, part.service), part.envFile, 0o600);
}

/** Copies unless the right files are there already; the copy is read back, because the source may have changed meanwhile. */
async function storeFiles(
  deps: StoreDeps,
  where: Layout,
  proof: Proof,
  release: string,
  part: Part,
): Promise<Result<void>> {
  const target = where.files(release, part.service);
  const before = await proof.tree(release, part.service);
  if (before.ok && before.value.digest === part.tree.digest) return ok(undefined);
  const cleared = await deps.files.remove(target);
  if (!cleared.ok) return cleared;
  const copied = await deps.files.copy(part.folder, target);
  if (!copied.ok) return copied;
  const after = await proof.tree(release, part.service);
  if (!after.ok) return after;
  if (after.value.digest === part.tree.digest) return ok(undefined);
  await deps.files.remove(target);
  return problem(
    "conflict",
    `${part.folder} changed while it was being captured`,
    "wait until it is complete, then deploy again",
    part.folder,
  );
}

/** What a capture that was cut off left behind; nothing else in these folders begins with a dot. */
async function removeUnfinished(deps: StoreDeps, folder: string): Promise<Result<void>> {
  const names = await deps.files.list(folder);
  if (!names.ok) return names;
  for (const name of names.value.filter((one) => one.startsWith("."))) {
    const gone = await deps.files.remove(`${folder}/${name}`);
    if (!gone.ok) return gone;
  }
  return ok(undefined);
}

async function enoughSpace(deps: StoreDeps, where: Layout, parts: readonly Part[]): Promise<Result<void>> {
  const needed = parts.reduce((sum, { tree }) => sum + tree.bytes, 0) + limits.journalFreeBytes;
  const disk = await deps.files.stat(where.root);
  if (!disk.ok) return disk;
  if (disk.value === null || disk.value.freeBytes >= needed) return ok(undefined);
  const [need, free] = [needed, disk.value.freeBytes].map((bytes) => Math.ceil(bytes / 1024 ** 2));
  return problem(
    "no-space",
    `storing the release needs ${need} MiB, ${free} MiB are free`,
    "free space, or forget old releases",
    where.root,
  );
}

function runsDamaged(release: Release, path: string): Result<never> {
  return problem(
    "busy",
    `release ${release.id} runs, but its stored files are not whole any more`,
    "deploy the same files under another version, or stop it first",
    path,
  );
}

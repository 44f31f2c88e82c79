// Starts an instance beside whatever runs, at most one for an op, and clears what an attempt that was cut off left.
import type { Release } from "../../../core/release.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import type { Instance } from "../../../ports/runtime.ts";
import { lastWords } from "../../docker/cli.ts";
import { removeContainer } from "../../docker/containers.ts";
import { inspectImage, tagImage } from "../../docker/images.ts";
import type { Container } from "../../docker/inspect.ts";
import { imageTag, instanceName, labels } from "../../docker/names.ts";
import { makeAround, missingAround } from "./around.ts";
import { startFile } from "./file.ts";
import { instanceOf, isAlive, lookAtInstances, runsWhole, type Seen } from "./instances.ts";
import { readStored } from "./proof.ts";
import type { ComposeRoom } from "./room.ts";
import { type ComposeSpec, composeSpecOf } from "./spec.ts";

const UP_MS = 120_000;

export function specIn(release: Release, service: string): Result<ComposeSpec> {
  const spec = release.services[service];
  if (spec !== undefined) return ok(composeSpecOf(spec));
  return problem(
    "missing",
    `release ${release.id} has no service ${service}`,
    "deploy a release that has it",
  );
}

export function instanceId(op: Op, service: string, release: Release): Result<string> {
  const spec = specIn(release, service);
  return spec.ok ? ok(instanceName(spec.value.project, service, release.id, op.id)) : spec;
}

/** Start it, or give the one that this op started before. The caller keeps others from starting the same meanwhile. */
export async function startInstance(
  room: ComposeRoom,
  op: Op,
  service: string,
  release: Release,
): Promise<Result<Instance>> {
  const spec = specIn(release, service);
  if (!spec.ok) return spec;
  const id = instanceName(spec.value.project, service, release.id, op.id);
  // Both only look, but where a network is missing: a start waits for as few answers as it can.
  const [before, ready] = await Promise.all([
    lookAtInstances(room, service),
    ensureReady(room, op, service, release, spec.value),
  ]);
  if (!before.ok) return before;
  const seen = before.value.find((one) => one.id === id);
  if (seen && runsWhole(seen)) return ok(await instanceOf(room, seen, "quick"));
  if (!ready.ok) return ready;
  // What is there is not whole: created and never started, dead, or half of a recreation. Exactly ours, by label.
  const cleared = await removeAll(room, op, seen ? allOf(seen) : []);
  if (!cleared.ok) return cleared;
  return up(room, op, { id, service, release, spec: spec.value, stored: ready.value });
}

function allOf({ containers, leftovers }: Seen): readonly Container[] {
  return [...containers, ...leftovers].filter(({ labels: has }) => has[labels.kind] === "instance");
}

/** The stored file, once everything that the start needs is there. */
export async function ensureReady(
  room: ComposeRoom,
  op: Op,
  service: string,
  release: Release,
  spec: ComposeSpec,
): Promise<Result<string>> {
  const stored = await readStored(room.deps.files, room.where, release.id, service, spec);
  if (!stored.ok) return stored;
  const [image, missing] = await Promise.all([
    ensureTag(room, service, release, spec),
    missingAround(room, spec, stored.value.stack),
  ]);
  if (!image.ok) return image;
  if (!missing.ok) return missing;
  if (missing.value.length === 0) return ok(stored.value.text);
  const around = await makeAround(room, op, service, release, spec, stored.value.stack);
  return around.ok ? ok(stored.value.text) : around;
}

/** Somebody may have moved or removed the name; the id is what counts. */
async function ensureTag(
  { docker }: ComposeRoom,
  service: string,
  release: Release,
  { project, image }: ComposeSpec,
): Promise<Result<void>> {
  const name = imageTag(project, service, release.id);
  const named = await inspectImage(docker, name);
  if (!named.ok) return named;
  if (named.value?.id === image) return ok(undefined);
  const pinned = await inspectImage(docker, image);
  if (!pinned.ok) return pinned;
  if (pinned.value !== null) return tagImage(docker, image, name);
  return problem(
    "missing",
    `the image of ${service} in release ${release.id} is not on this machine any more (${image})`,
    `deploy ${release.version} again to pull or build it`,
  );
}

type Starting = {
  readonly id: string;
  readonly service: string;
  readonly release: Release;
  readonly spec: ComposeSpec;
  readonly stored: string;
};

async function up(room: ComposeRoom, op: Op, starting: Starting): Promise<Result<Instance>> {
  const { docker, fence } = room;
  const { id, service, release, spec } = starting;
  if (op.signal.aborted)
    return problem("cancelled", `starting ${id} was called off`, "start it again if it is still wanted");
  const allowed = await fence.still(op);
  if (!allowed.ok) return allowed;
  const ended = await docker.run({
    args: [
      "compose",
      "--project-name",
      id,
      "--project-directory",
      room.where.service(release.id, service),
      "--file",
      "-",
      "up",
      "--detach",
      "--no-build",
      "--no-deps",
      "--no-recreate",
    ],
    effect: "write",
    op: op.id,
    timeoutMs: UP_MS,
    stdin: JSON.stringify(fileOf(room, op, starting)),
    signal: op.signal,
  });
  // Its exit code says little: what there is now decides. Only where nobody answers there is nothing to look at.
  if (!ended.ok && ended.error.code !== "timeout" && ended.error.code !== "cancelled") return ended;
  const after = await lookAtInstances(room, service);
  if (!after.ok) return after;
  const seen = after.value.find((one) => one.id === id);
  const made = seen ? allOf(seen) : [];
  const still = await fence.still(op);
  // Should another controller have taken over meanwhile, it may have counted without these.
  if (!still.ok) {
    await removeAll(
      room,
      op,
      made.filter(({ labels: has }) => has[labels.epoch] === String(op.epoch)),
    );
    return still;
  }
  if (seen && seen.containers.length >= seen.copies && seen.containers.every(wasStarted)) {
    const wrong = seen.containers.find(({ imageId }) => imageId !== spec.image);
    if (wrong) return wrongImage(room, op, seen, wrong);
    await removeOlder(room, op, seen, after.value);
    return ok(await instanceOf(room, seen, "quick"));
  }
  if (!ended.ok) return ended;
  const redact = (await room.redactorOf(release.id, service)) ?? (() => "its words cannot be shown");
  const why = made.find(({ error }) => error !== "")?.error ?? lastWords(ended.value);
  return problem(
    "failed",
    `${service} of release ${release.id} cannot be started: ${redact(why)}`,
    "mend the release and deploy it again; what serves was not touched",
  );
}

/** Whether it runs still is another question: one that dies at once was started all the same. */
function wasStarted(container: Container): boolean {
  return isAlive(container) || container.startedAt !== null;
}

function fileOf(room: ComposeRoom, op: Op, { id, service, release, spec, stored }: Starting) {
  const { app, env } = room.config;
  return startFile({
    stored,
    service,
    folder: room.where.service(release.id, service),
    instance: id,
    image: imageTag(spec.project, service, release.id),
    copies: spec.copies,
    once: null,
    labels: {
      [labels.kind]: "instance",
      [labels.app]: app,
      [labels.env]: env,
      [labels.service]: service,
      [labels.release]: release.id,
      [labels.op]: op.id,
      [labels.epoch]: String(op.epoch),
      [labels.instance]: id,
      [labels.port]: spec.port === null ? "" : String(spec.port),
      [labels.copies]: String(spec.copies),
    },
  });
}

export async function removeAll(
  room: ComposeRoom,
  op: Op,
  containers: readonly Container[],
): Promise<Result<void>> {
  for (const { id } of containers) {
    const gone = await removeContainer(room.docker, room.deps.clock, op, id);
    if (!gone.ok) return gone;
  }
  return ok(undefined);
}

async function wrongImage(
  room: ComposeRoom,
  op: Op,
  seen: Seen,
  { imageId }: Container,
): Promise<Result<never>> {
  await removeAll(room, op, seen.containers);
  return problem(
    "conflict",
    `${seen.id} came up with image ${imageId}: its name was moved while it was started`,
    "find out who tags images lastgood/…, then do it again",
  );
}

/** Of the dead ones of a release only the newest is shown, so only that one is kept. Best effort. */
async function removeOlder(room: ComposeRoom, op: Op, newest: Seen, all: readonly Seen[]): Promise<void> {
  const older = all.filter(
    ({ id, release, containers }) =>
      id !== newest.id && release === newest.release && !containers.some(isAlive),
  );
  await removeAll(room, op, older.flatMap(allOf));
}

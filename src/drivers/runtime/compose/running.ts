// Takes what somebody else started as a release: the images of running containers, and the workers among them.
import { type Release, servicesOf } from "../../../core/release.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import { type Adopted, readAdopted, writeAdopted } from "../../docker/adopted.ts";
import { inspectContainers } from "../../docker/containers.ts";
import { inspectImage } from "../../docker/images.ts";
import type { Container, Image } from "../../docker/inspect.ts";
import type { ComposeRoom } from "./room.ts";

/** Containers by service, by id or name. */
export type Running = Readonly<Record<string, readonly string[]>>;

export async function captureRunning(
  room: ComposeRoom,
  running: Running,
  capture: (images: ReadonlyMap<string, Image>) => Promise<Result<Release>>,
): Promise<Result<Release>> {
  const found = await inspectContainers(room.docker, Object.values(running).flat());
  if (!found.ok) return found;
  const images = new Map<string, Image>();
  const all = new Map<string, readonly Container[]>();
  for (const [service, refs] of Object.entries(running)) {
    const containers = refs.flatMap(
      (ref) => found.value.find(({ id, name }) => id === ref || name === ref) ?? [],
    );
    const [first] = containers;
    const image = first === undefined ? ok(null) : await inspectImage(room.docker, first.imageId);
    if (!image.ok) return image;
    if (image.value === null || containers.length < refs.length)
      return problem(
        "missing",
        `a container of ${service}, or its image, is gone: ${refs.join(", ")}`,
        "look which run: docker ps",
      );
    images.set(service, image.value);
    all.set(service, containers);
  }
  const release = await capture(images);
  if (!release.ok) return release;
  const adopted = await adoptWorkers(room, release.value, all);
  return adopted.ok ? release : adopted;
}

/** A worker that runs twice may do its work twice, so it must be known before another one starts. */
async function adoptWorkers(
  { deps, where }: ComposeRoom,
  release: Release,
  running: ReadonlyMap<string, readonly Container[]>,
): Promise<Result<void>> {
  const added: readonly Adopted[] = servicesOf(release, "worker").flatMap((service) =>
    (running.get(service) ?? []).map(({ id }) => ({ container: id, service, release: release.id })),
  );
  if (added.length === 0) return ok(undefined);
  const before = await readAdopted(deps.files, where.adopted);
  if (!before.ok) return before;
  const others = before.value.filter(({ container }) => added.every((one) => one.container !== container));
  return writeAdopted(deps.files, where.adopted, [...others, ...added]);
}

// Puts the user's own container of a service aside, and gives it back as it was.
import { ok, problem, type Result } from "../../core/result.ts";
import type { Files } from "../../ports/files.ts";
import type { Op } from "../../ports/op.ts";
import type { Docker } from "../docker/cli.ts";
import { inspectContainers, stopContainer } from "../docker/containers.ts";
import type { Container } from "../docker/inspect.ts";
import { type AdoptRecord, type Kept, readRecord, writeRecord } from "./record.ts";

export type KeepDeps = { readonly docker: Docker; readonly files: Files; readonly folder: string };
export type KeepWhat = { readonly project: string; readonly service: string; readonly graceMs: number };

/** Written down first: whatever happens, it is known how each was called and what its restart policy was. */
export async function intend(
  deps: KeepDeps,
  op: Op,
  { project, service }: KeepWhat,
  foreign: readonly Container[],
): Promise<Result<AdoptRecord>> {
  const known = await readRecord(deps.files, deps.folder, service);
  if (!known.ok) return known;
  const before = known.value?.kept ?? [];
  const added = foreign
    .filter(({ id }) => before.every((one) => one.id !== id))
    .map(
      (one, i): Kept => ({
        id: one.id,
        name: one.name,
        keptName: `lastgood-kept-${project}-${service}-${before.length + i + 1}`,
        restart: one.restartPolicy,
        imageId: one.imageId,
      }),
    );
  const now: AdoptRecord = {
    service,
    project,
    op: op.id,
    stage: "taking",
    kept: [...before, ...added],
    gapMs: known.value?.gapMs ?? null,
  };
  const written = await writeRecord(deps.files, deps.folder, now);
  return written.ok ? ok(now) : written;
}

/**
 * Stop them so that neither their restart policy nor an engine that is started anew brings them back. They keep their
 * own files. No error when that is done already, or when one is gone.
 */
export async function stopKept(
  deps: KeepDeps,
  op: Op,
  { graceMs }: KeepWhat,
  { kept }: AdoptRecord,
): Promise<Result<void>> {
  for (const one of kept) {
    const found = await inspectContainers(deps.docker, [one.id]);
    if (!found.ok) return found;
    const [container] = found.value;
    if (!container) continue;
    const stopped = await stopContainer(deps.docker, op, container, graceMs);
    if (!stopped.ok) return stopped;
  }
  return ok(undefined);
}

/** Their names are free for others. */
export async function renameKept(deps: KeepDeps, op: Op, { kept }: AdoptRecord): Promise<Result<void>> {
  for (const one of kept) {
    const found = await inspectContainers(deps.docker, [one.id]);
    if (!found.ok) return found;
    const [container] = found.value;
    if (!container || container.name === one.keptName) continue;
    const named = await run(deps.docker, op, ["rename", one.id, one.keptName]);
    if (!named.ok) return named;
  }
  return ok(undefined);
}

/** Name and restart policy as they were; started too, unless somebody else is to do that. `missing` where one is gone. */
export async function bringBack(
  deps: KeepDeps,
  op: Op,
  { kept }: AdoptRecord,
  options: { readonly start: boolean },
): Promise<Result<void>> {
  for (const one of kept) {
    const found = await inspectContainers(deps.docker, [one.id]);
    if (!found.ok) return found;
    const [container] = found.value;
    if (!container) {
      if (!options.start) continue;
      const what = `the container that was ${one.name} is gone`;
      return problem("missing", what, "start yours with docker compose up -d", one.keptName);
    }
    const steps = [
      ...(container.name === one.name ? [] : [["rename", one.id, one.name]]),
      ...(container.restartPolicy === one.restart ? [] : [["update", "--restart", one.restart, one.id]]),
      ...(options.start ? [["start", one.id]] : []),
    ];
    for (const args of steps) {
      const done = await run(deps.docker, op, args);
      if (!done.ok) return done;
    }
  }
  return ok(undefined);
}

async function run(docker: Docker, op: Op, args: readonly string[]): Promise<Result<void>> {
  const done = await docker.output({ args, effect: "write", op: op.id });
  return done.ok ? ok(undefined) : done;
}

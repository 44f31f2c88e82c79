// Takes a version of the stack into the release store: the same files and images give the same release every time.
import { sha256 } from "../../../core/digest.ts";
import { canonical } from "../../../core/json.ts";
import { limits } from "../../../core/limits.ts";
import { type Release, releaseId, type ServiceSpec } from "../../../core/release.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import { isSafeName } from "../process/config.ts";
import type { SwarmSpec } from "./api.ts";
import { engineName, type SwarmConfig, type SwarmDeps, type SwarmLayout } from "./config.ts";
import { documentOf, type SwarmDocument } from "./document.ts";
import type { Engine } from "./engine.ts";
import { keep, pinned } from "./images.ts";
import { readStack } from "./stack.ts";
import { documentDigest, readDocument, writeRelease } from "./store.ts";

const nanosecondsInMs = 1_000_000;

export async function captureStack(
  config: SwarmConfig,
  deps: SwarmDeps,
  where: SwarmLayout,
  engine: Engine,
  version: string,
): Promise<Result<Release>> {
  if (!isSafeName(version)) return badVersion(version);
  const stack = await readStack(config, deps, version);
  if (!stack.ok) return stack;
  const all = await documentOf(config, stack.value.recorded, (image) => pinned(engine, image));
  if (!all.ok) return all;
  const release = releaseOf(config, version, all.value);
  const kept = await keep(engine, config.stackName, release.id, all.value);
  if (!kept.ok) return kept;
  if ((await readDocument(deps.files, where, release)).ok) return ok(release);
  const written = await writeRelease(deps.files, where, config, release, all.value);
  return written.ok ? ok(release) : written;
}

function releaseOf(config: SwarmConfig, version: string, all: SwarmDocument): Release {
  const whole = documentDigest(all);
  const services = Object.fromEntries(
    Object.entries(config.services).map(([name, { class: kind, healthPath }]): [string, ServiceSpec] => {
      const spec = all.services[name] as SwarmSpec;
      const { ContainerSpec: container } = spec.TaskTemplate;
      const replicas = spec.Mode.Replicated ? (spec.Mode.Replicated.Replicas ?? 1) : null;
      const grace = container.StopGracePeriod;
      const own = {
        name: engineName(config.stackName, name),
        image: container.Image,
        replicas,
        documentDigest: whole,
      };
      return [
        name,
        {
          class: kind,
          routed: false,
          health: {
            path: healthPath,
            timeoutMs: config.timeoutMs,
            intervalMs: limits.healthIntervalDefaultMs,
          },
          stopGraceMs: grace ? Math.round(grace / nanosecondsInMs) : limits.stopGraceDefaultMs,
          spec: own,
        },
      ];
    }),
  );
  const digest = sha256(canonical(services));
  return { id: releaseId(version, digest), version, digest, services };
}

function badVersion(version: string): Result<never> {
  return problem(
    "usage",
    `${JSON.stringify(version)} cannot be a version`,
    "use the tag of the images, such as v42",
  );
}

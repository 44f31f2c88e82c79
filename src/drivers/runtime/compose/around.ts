// What a service needs around it: networks, volumes, and at the very first deploy the databases. Made by Compose itself.
import type { Release } from "../../../core/release.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import { lastWords } from "../../docker/cli.ts";
import { findContainers, removeContainer } from "../../docker/containers.ts";
import { imageTag } from "../../docker/names.ts";
import { readStack, stackArgs, stackEnv } from "../../docker/stack-files.ts";
import { engineName, type StackModel } from "../../docker/stack-model.ts";
import { classOf } from "./describe.ts";
import { envRedactor } from "./redact.ts";
import type { ComposeRoom } from "./room.ts";
import type { ComposeSpec } from "./spec.ts";

const STORES_MS = 180_000;
const STORES_WAIT_S = 120;
const CREATE_MS = 60_000;

/** Names of networks and volumes that are not there: none on every start but the first. */
export function missingAround(
  room: ComposeRoom,
  spec: ComposeSpec,
  stored: StackModel,
): Promise<Result<readonly string[]>> {
  return missingOnes(room, {
    network: spec.networks.map(({ name }) => name),
    volume: Object.keys(stored.volumes ?? {}).map((key) => engineName(stored, stored.volumes, key)),
  });
}

/** Databases that were never there, with what they bring; then what is missing still. */
export async function makeAround(
  room: ComposeRoom,
  op: Op,
  service: string,
  release: Release,
  spec: ComposeSpec,
  stored: StackModel,
): Promise<Result<void>> {
  const makers = [
    () => startStores(room, op, release),
    () => letComposeMake(room, op, service, release, spec),
  ];
  for (const make of makers) {
    const made = await make();
    if (!made.ok) return made;
    const left = await missingAround(room, spec, stored);
    if (!left.ok || left.value.length === 0) return left.ok ? ok(undefined) : left;
  }
  const left = await missingAround(room, spec, stored);
  if (!left.ok) return left;
  return problem(
    "missing",
    `${service} needs what is not there: ${left.value.join(", ")}`,
    "make it: docker compose up --no-start, or docker network create for an external one",
  );
}

async function missingOnes(
  room: ComposeRoom,
  wanted: Readonly<Record<"network" | "volume", readonly string[]>>,
): Promise<Result<readonly string[]>> {
  const lists = await Promise.all(
    (["network", "volume"] as const).map(async (kind): Promise<Result<readonly string[]>> => {
      if (wanted[kind].length === 0) return ok([]);
      const listed = await room.docker.output({
        args: [kind, "ls", "--format", "{{.Name}}"],
        effect: "read",
      });
      if (!listed.ok) return listed;
      const there = new Set(listed.value.split("\n"));
      return ok(wanted[kind].filter((name) => !there.has(name)).map((name) => `${kind} ${name}`));
    }),
  );
  const missing: string[] = [];
  for (const list of lists) {
    if (!list.ok) return list;
    missing.push(...list.value);
  }
  return ok(missing);
}

/**
 * Databases and caches that have no container at all, from the user's own files, so that a later `docker compose up`
 * finds them as it would have made them. One that exists is left alone, also a stopped one.
 */
async function startStores(room: ComposeRoom, op: Op, release: Release): Promise<Result<void>> {
  const { config, docker } = room;
  const redact = await envRedactor(room.deps.files, config.stack);
  const stack = await readStack(docker, config.stack, release.version, redact);
  if (!stack.ok) return stack;
  const there = await docker.output({
    args: [
      "ps",
      "--all",
      "--filter",
      `label=com.docker.compose.project=${stack.value.name}`,
      "--format",
      '{{.Label "com.docker.compose.service"}}',
    ],
    effect: "read",
  });
  if (!there.ok) return there;
  const have = new Set(there.value.split("\n"));
  const names = Object.keys(stack.value.services).filter(
    (name) => classOf(stack.value, config.services, name, null).class === "stateful" && !have.has(name),
  );
  if (names.length === 0) return ok(undefined);
  const ended = await docker.run({
    args: [
      ...stackArgs(config.stack),
      "up",
      "--detach",
      "--no-deps",
      "--no-recreate",
      "--wait",
      "--wait-timeout",
      String(STORES_WAIT_S),
      ...names,
    ],
    effect: "write",
    op: op.id,
    timeoutMs: STORES_MS,
    cwd: config.stack.folder,
    env: stackEnv(config.stack, release.version),
    signal: op.signal,
  });
  if (!ended.ok) return ended;
  if (ended.value.exitCode === 0) return ok(undefined);
  return problem(
    "failed",
    `${names.join(", ")} did not come up: ${redact(lastWords(ended.value))}`,
    "see docker compose logs; the app needs them before it can start",
  );
}

/** A container of the user's own service, created and never started: with it Compose makes its networks and volumes. */
async function letComposeMake(
  room: ComposeRoom,
  op: Op,
  service: string,
  release: Release,
  spec: ComposeSpec,
): Promise<Result<void>> {
  const { config, docker, deps } = room;
  const image = imageTag(spec.project, service, release.id);
  const override = { services: { [service]: { image, pull_policy: "never" } } };
  const ended = await docker.run({
    args: [
      ...stackArgs(config.stack),
      "--file",
      "-",
      "up",
      "--no-start",
      "--no-deps",
      "--no-build",
      "--no-recreate",
      service,
    ],
    effect: "write",
    op: op.id,
    timeoutMs: CREATE_MS,
    cwd: config.stack.folder,
    env: stackEnv(config.stack, release.version),
    stdin: JSON.stringify(override),
    signal: op.signal,
  });
  if (!ended.ok) return ended;
  const made = await findContainers(docker, {
    "com.docker.compose.project": spec.project,
    "com.docker.compose.service": service,
  });
  if (!made.ok) return made;
  for (const { id } of made.value.filter(
    ({ status, imageRef }) => status === "created" && imageRef === image,
  )) {
    const gone = await removeContainer(docker, deps.clock, op, id);
    if (!gone.ok) return gone;
  }
  return ok(undefined);
}

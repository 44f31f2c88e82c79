// Releases tried aside in a compose stack: a container of the release's own image, in its networks, with nobody sent there.
import { join } from "node:path";
import { type Aim, aimed } from "../../core/backups/aim.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Release } from "../../core/release.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Op } from "../../ports/op.ts";
import type { Instance } from "../../ports/runtime.ts";
import type { Caller, Trials } from "../../ports/trials.ts";
import { lastWords } from "../docker/cli.ts";
import { findContainers, removeContainer, stopContainer } from "../docker/containers.ts";
import type { Container } from "../docker/inspect.ts";
import { imageTag, labels, trialName } from "../docker/names.ts";
import { dollars, environmentOf, type ServiceModel } from "../docker/stack-model.ts";
import type { ComposeRuntimeConfig, ComposeRuntimeDeps } from "../runtime/compose/config.ts";
import { startFile } from "../runtime/compose/file.ts";
import { groupByInstance, instanceOf } from "../runtime/compose/instances.ts";
import { type ComposeRoom, composeRoom } from "../runtime/compose/room.ts";
import { ensureReady, specIn } from "../runtime/compose/start.ts";

const UP_MS = 120_000;

/** Beside the runtime of the same config: they share its release store and its fence. */
export function composeTrials(config: ComposeRuntimeConfig, deps: ComposeRuntimeDeps): Trials {
  const room = composeRoom(config, deps);
  return {
    aside: (aim) => ({
      instances: (service) => list(room, service),
      start: (op, service, release) =>
        room.mutate(op, `trial ${op.id}`, () => start(room, op, { aim, service, release })),
      stop: (op, instance, graceMs) =>
        room.mutate(op, instance.id, () => stop(room, op, instance.id, graceMs)),
    }),
    callers: (instance) => callersOf(room, instance),
    sweep: (op) => sweep(room, op),
  };
}

function notePath({ where }: ComposeRoom): string {
  return join(where.root, "trial.json");
}

function ours(room: ComposeRoom, more: Readonly<Record<string, string>> = {}) {
  const { app, env } = room.config;
  const wanted = { [labels.kind]: "trial", [labels.app]: app, [labels.env]: env, ...more };
  return findContainers(room.docker, wanted);
}

async function list(room: ComposeRoom, service: string): Promise<Result<readonly Instance[]>> {
  const found = await ours(room, { [labels.service]: service });
  if (!found.ok) return found;
  return ok(await Promise.all(groupByInstance(found.value).map((seen) => instanceOf(room, seen, "whole"))));
}

type Wish = { readonly aim: Aim; readonly service: string; readonly release: Release };

async function start(room: ComposeRoom, op: Op, wish: Wish): Promise<Result<Instance>> {
  const { service, release, aim } = wish;
  const spec = specIn(release, service);
  if (!spec.ok) return spec;
  const stored = await ensureReady(room, op, service, release, spec.value);
  if (!stored.ok) return stored;
  const turned = turnedFile(stored.value, service, aim);
  if (!turned.ok) return turned;
  const noted = await room.deps.files.replace(notePath(room), "{}\n", 0o600);
  if (!noted.ok) return noted;
  const still = await room.fence.still(op);
  if (!still.ok) return still;
  const id = trialName(spec.value.project, service, op.id);
  const folder = room.where.service(release.id, service);
  const { project, port } = spec.value;
  const file = startFile({
    ...{ stored: turned.value, service, folder, instance: id, copies: 1, once: null },
    image: imageTag(project, service, release.id),
    labels: labelsOf(room, op, { id, port, ...wish }),
  });
  const ended = await up(room, op, { id, folder, file });
  if (!ended.ok) return ended;
  const found = await ours(room, { [labels.op]: op.id, [labels.service]: service });
  if (!found.ok) return found;
  const [seen] = groupByInstance(found.value);
  if (seen?.containers.some(({ startedAt }) => startedAt !== null))
    return ok(await instanceOf(room, seen, "quick"));
  const redact = (await room.redactorOf(release.id, service)) ?? (() => "its words cannot be shown");
  const what = `${service} of release ${release.id} cannot be started aside: ${redact(ended.value)}`;
  return problem("failed", what, "mend what docker says, then try again");
}

function labelsOf(
  { config }: ComposeRoom,
  op: Op,
  { id, service, release, port }: Wish & { readonly id: string; readonly port: number | null },
): Readonly<Record<string, string>> {
  return {
    [labels.kind]: "trial",
    [labels.app]: config.app,
    [labels.env]: config.env,
    [labels.service]: service,
    [labels.release]: release.id,
    [labels.op]: op.id,
    [labels.epoch]: String(op.epoch),
    [labels.instance]: id,
    [labels.port]: port === null ? "" : String(port),
    [labels.copies]: "1",
  };
}

/** What the client said last; what there is now decides. */
async function up(
  { docker }: ComposeRoom,
  op: Op,
  { id, folder, file }: { readonly id: string; readonly folder: string; readonly file: JsonObject },
): Promise<Result<string>> {
  const project = ["--project-name", id, "--project-directory", folder, "--file", "-"];
  const how = ["--detach", "--no-build", "--no-deps", "--no-recreate"];
  const ended = await docker.run({
    args: ["compose", ...project, "up", ...how],
    effect: "write",
    op: op.id,
    timeoutMs: UP_MS,
    stdin: JSON.stringify(file),
    signal: op.signal,
  });
  return ended.ok ? ok(lastWords(ended.value)) : ended;
}

/** Its settings turned to the copy; what production writes to as well may only be read. */
function turnedFile(stored: string, service: string, aim: Aim): Result<string> {
  const model = JSON.parse(stored) as { services?: Record<string, ServiceModel> };
  const own = model.services?.[service] ?? {};
  const values = environmentOf(own);
  const over = aimed(values, aim);
  if (!over.ok) return over;
  const environment = Object.fromEntries(
    Object.entries({ ...values, ...over.value }).map(([name, value]) => [name, dollars(value)]),
  );
  const volumes = (own.volumes ?? []).map((one) =>
    one.type === "volume" || one.type === "bind" ? { ...one, read_only: true } : one,
  );
  const turned = { ...own, environment, volumes, restart: "no" };
  return ok(JSON.stringify({ ...model, services: { [service]: turned } }));
}

async function stop(room: ComposeRoom, op: Op, id: string, graceMs: number): Promise<Result<void>> {
  const found = await ours(room, { [labels.instance]: id });
  if (!found.ok) return found;
  for (const container of found.value) {
    const stopped = await stopContainer(room.docker, op, container, graceMs);
    if (!stopped.ok) return stopped;
  }
  return ok(undefined);
}

async function callersOf(room: ComposeRoom, { id }: Instance): Promise<readonly Caller[]> {
  const found = await ours(room, { [labels.instance]: id });
  return found.ok ? found.value.flatMap(addressesOf) : [];
}

function addressesOf({ addresses }: Container): readonly Caller[] {
  return Object.values(addresses).flatMap((address) =>
    address === undefined ? [] : [{ address, port: null }],
  );
}

async function sweep(room: ComposeRoom, op: Op): Promise<Result<void>> {
  const noted = await room.deps.files.stat(notePath(room));
  if (!noted.ok) return noted;
  if (noted.value === null) return ok(undefined);
  return room.mutate(op, "trials", async () => {
    const found = await ours(room);
    if (!found.ok) return found;
    for (const { id } of found.value) {
      const gone = await removeContainer(room.docker, room.deps.clock, op, id);
      if (!gone.ok) return gone;
    }
    return room.deps.files.remove(notePath(room));
  });
}

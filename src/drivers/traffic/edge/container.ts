// Brings an edge container up: what is there stays, what is missing is made.
import { dirname } from "node:path";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Docker } from "../../docker/cli.ts";
import type { Container } from "../../docker/inspect.ts";
import { labels } from "../../docker/names.ts";
import { startProblem } from "../proxy/last-words.ts";
import {
  createArguments,
  type EdgeConfig,
  edgeLabels,
  edgeSettings,
  type Identity,
  innerArguments,
  nameOf,
  specDigest,
  waitingRoom,
} from "./config.ts";
import { act, lastLog, look } from "./docker.ts";
import { ensureEdgeImage } from "./image.ts";
import { joinEdge } from "./join.ts";
import type { EdgeDeps, EdgePlace } from "./place.ts";
import { ensureWaitingRoom, startInRoom } from "./room.ts";

/** From the start of the container to its first answer. */
const startLimitMs = 30_000;
const startPollMs = 25;

/**
 * Make it where it is not, start it where it does not run, and wait until it answers on its control socket. A new one
 * is in a network of its own, where nobody finds it: `joinEdge` gives it its names and ports. What runs stays as it is.
 */
export async function prepareEdge(place: EdgePlace): Promise<Result<void>> {
  const { docker } = place.deps;
  const name = nameOf(place.config);
  const room = await socketFolder(place);
  if (!room.ok) return room;
  const there = await look(docker, name);
  if (!there.ok) return there;
  const found = there.value === null ? await create(place, docker) : ok(there.value);
  if (!found.ok) return found;
  if (!isEdgeOf(place.config, found.value)) {
    const what = `a container named ${name} is there, but it is not this edge`;
    return problem("busy", what, `find out whose it is: docker inspect ${name}`, name);
  }
  if (found.value.restartPolicy !== "always") {
    const kept = await act(docker, ["update", "--restart", "always", name]);
    if (!kept.ok) return kept;
  }
  return await start(place, docker, found.value.status === "running");
}

/** It lies where the machine clears up now and then, and Docker mounts only what is there. */
async function socketFolder({ config, paths, deps }: EdgePlace): Promise<Result<void>> {
  if (dirname(paths.socket) === config.stateDir) return ok(undefined);
  return await deps.files.replace(`${paths.socket}.of`, `${config.stateDir}\n`, 0o600);
}

/** As `joinEdge`. `port-in-use` where somebody has one of its ports: then it waits as before. */
export async function takePlace(place: EdgePlace): Promise<Result<void>> {
  const joined = await joinEdge(place);
  if (joined.ok) return joined;
  const { docker } = place.deps;
  const now = await look(docker, nameOf(place.config));
  if (!now.ok || now.value === null) return joined;
  const isWaiting = now.value.networks.some(({ name }) => name === waitingRoom(place.config));
  if (!isWaiting) return joined;
  // Nobody reaches it yet. Engine 20.10 can't undo a connection that failed over its ports: a new one can try again.
  const removed = await act(docker, ["rm", "--force", "--volumes", now.value.name]);
  if (!removed.ok) return removed;
  const anew = await prepareEdge(place);
  return anew.ok ? joined : anew;
}

async function start(
  { config, control, deps }: EdgePlace,
  docker: Docker,
  runs: boolean,
): Promise<Result<void>> {
  const name = nameOf(config);
  const started = runs ? ok(undefined) : await startInRoom(docker, deps.clock, config, name);
  if (!started.ok) return started;
  const until = deps.clock.elapsed() + startLimitMs;
  for (;;) {
    const stats = await control.stats();
    if (stats.ok && !stats.value.stopping) return ok(undefined);
    const now = await look(docker, name);
    if (!now.ok) return now;
    // It is started again and again by Docker: after a bad end it says why in its log.
    const ended = now.value === null || now.value.status === "exited" || now.value.status === "dead";
    if (ended || now.value?.status === "restarting")
      return startProblem(await lastLog(docker, name), `docker logs ${name}`);
    if (deps.clock.elapsed() >= until) {
      const what = `the edge ${name} did not answer within ${startLimitMs / 1_000} s`;
      return problem("timeout", what, `look into its log: docker logs ${name}`, name);
    }
    await deps.clock.sleep(startPollMs);
  }
}

/** What a running edge has otherwise than this version and this config would make it; empty where nothing. */
export async function edgeDifferences(place: EdgePlace): Promise<Result<readonly string[]>> {
  const { docker } = place.deps;
  const there = await look(docker, nameOf(place.config));
  if (!there.ok || there.value === null) return there.ok ? ok([]) : there;
  const wanted = await labelsOf(place);
  if (!wanted.ok) return wanted;
  const has = there.value.labels;
  return ok([
    ...(has[edgeLabels.image] === wanted.value.image.digest
      ? []
      : ["it runs another version of Lastgood's proxy or of node"]),
    ...(has[edgeLabels.spec] === wanted.value.spec
      ? []
      : ["its ports, networks or settings are not those of the config"]),
  ]);
}

function isEdgeOf({ app, env, service }: EdgeConfig, { labels: has }: Container): boolean {
  return (
    has[labels.kind] === "edge" &&
    has[labels.app] === app &&
    has[labels.env] === env &&
    has[labels.service] === service
  );
}

async function labelsOf({ config, paths, deps }: EdgePlace) {
  const image = await ensureEdgeImage({ ...deps, ...deps.ours });
  if (!image.ok) return image;
  const as = await ownerOf(config.stateDir, deps);
  if (!as.ok) return as;
  return ok({ image: image.value, as: as.value, spec: specDigest(config, paths, as.value) });
}

async function create(place: EdgePlace, docker: Docker): Promise<Result<Container>> {
  const { config, paths, deps } = place;
  const name = nameOf(config);
  const written = await deps.files.replace(paths.settings, edgeSettings(config, paths), 0o600);
  if (!written.ok) return written;
  const made = await labelsOf(place);
  if (!made.ok) return made;
  const { image, as, spec } = made.value;
  const own = {
    [labels.kind]: "edge",
    [labels.app]: config.app,
    [labels.env]: config.env,
    [labels.service]: config.service,
    [edgeLabels.image]: image.digest,
    [edgeLabels.spec]: spec,
  };
  const waiting = await ensureWaitingRoom(docker, config);
  if (!waiting.ok) return waiting;
  const created = await act(docker, [
    "create",
    ...["--name", name, ...Object.entries(own).flatMap(([label, value]) => ["--label", `${label}=${value}`])],
    ...createArguments(config, paths, as),
    ...[image.tag, ...innerArguments],
  ]);
  // Two controllers may make it at the same time: one of them finds it there.
  if (!created.ok && created.error.code !== "conflict") return created;
  const there = await look(docker, name);
  if (!there.ok) return there;
  if (there.value === null)
    return problem(
      "failed",
      `the edge ${name} was made, and is gone`,
      "find out who removes it, then try again",
      name,
    );
  return ok(there.value);
}

/** Who owns the state folder may use its socket, so the edge runs as that user. */
async function ownerOf(folder: string, { host }: EdgeDeps): Promise<Result<Identity>> {
  const asked = await host.run({
    argv: ["stat", "-c", "%u:%g", folder],
    effect: "read",
    op: null,
    timeoutMs: 10_000,
  });
  if (!asked.ok) return asked;
  const [, uid, gid] = /^(\d+):(\d+)\s*$/.exec(asked.value.stdout) ?? [];
  if (uid !== undefined && gid !== undefined) return ok({ uid: Number(uid), gid: Number(gid) });
  return problem(
    "failed",
    `who owns ${folder} can't be told: ${asked.value.stderr.trim().slice(0, 200)}`,
    "see whether the folder is there",
    folder,
  );
}

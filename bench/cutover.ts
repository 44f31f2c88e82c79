// Ways back from a bad release that serves, side by side: the same stack, images and load for all of them.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeImages } from "../scripts/images/index.ts";
import { startPrivateEngine } from "../scripts/parts/engine.ts";
import { tryRun } from "../scripts/parts/run.ts";
import { byLastgood, ownContainer } from "./cutover/lastgood.ts";
import { byCompose, byRunbook } from "./cutover/peers.ts";
import { bad, type Recovery, recover, untilBadServes, type Way } from "./cutover/recover.ts";
import { type Measured, rows } from "./cutover/rows.ts";
import { bySwarm } from "./cutover/swarm.ts";
import { type BenchDocument, machine } from "./document.ts";
import { type Docker, pause, type StackBed, stackBed } from "./stack/bed.ts";

export const name = "cutover";
export const about =
  "A bad release serves: Lastgood's rollback against docker compose up, the runbook's steps and Swarm's rollback.";
export const takes = "about 7 min, needs Docker, nginx and PostgreSQL, and root";
/** `swarm` 0 leaves Swarm out. */
export const options = { rounds: 5, perSecond: 200, clients: 30, seed: 11, swarm: 1 };

type Asked = typeof options;

const settleMs = 1_000;
const images = ["node:24-alpine", "redis:7"];

export async function run(asked: Asked): Promise<BenchDocument> {
  const folder = await mkdtemp(join(tmpdir(), "lastgood-bench-cutover-"));
  const engine = await startPrivateEngine(folder);
  if (engine === null) {
    await rm(folder, { recursive: true, force: true });
    throw new Error(
      "a private Docker engine cannot be started here: that takes root, dockerd and Compose v2",
    );
  }
  const { DOCKER_HOST = "", DOCKER_CONFIG = "" } = engine.env;
  const docker = { DOCKER_HOST, DOCKER_CONFIG };
  try {
    await makeImages(images, engine.env);
    const measured = { ...(await ofLastgood(asked, docker)), peers: await ofPeers(asked, docker) };
    return { bench: name, machine: machine(), options: asked, results: rows(measured) };
  } finally {
    await engine.stop();
    await unmountBelow(folder);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of tasks on the network of the host the engine leaves a mount behind. */
async function unmountBelow(folder: string): Promise<void> {
  const mounts = (await readFile("/proc/self/mounts", "utf8"))
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((path) => path.startsWith(`${folder}/`));
  for (const path of mounts.toSorted().toReversed()) await tryRun(["umount", "--lazy", path]);
}

async function ofLastgood(asked: Asked, docker: Docker): Promise<Omit<Measured, "peers">> {
  const bed = await stackBed("hibachi", docker);
  try {
    const own = await ownContainer(bed, docker);
    await bed.stack.setVersion(bad);
    // Takes the stack over, once.
    await bed.lastgood("deploy", bad, "--yes", "--no-wait");
    const load = bed.load(asked);
    const by = (previous: "warm" | "cold") => measure(asked, bed, load, byLastgood(bed, docker, previous));
    const warm = await by("warm");
    const again: number[] = [];
    const fresh: number[] = [];
    for (let round = 0; round < asked.rounds; round++) {
      again.push(await own.again());
      fresh.push(await own.fresh());
    }
    await own.end();
    const cold = await by("cold");
    const end = await bed.serve();
    const attended = await by("warm");
    await end();
    await load.stop();
    return { warm, cold, attended, own: { again, fresh } };
  } finally {
    await bed.close();
  }
}

async function ofPeers(
  asked: Asked,
  docker: Docker,
): Promise<readonly (Way & { runs: readonly Recovery[] })[]> {
  const bed = await stackBed("hibachi", docker);
  const { stack } = bed;
  try {
    await stack.setVersion(bad);
    const done = [];
    for (const way of [byCompose(stack), byRunbook(stack)]) {
      const load = bed.load(asked);
      done.push({ ...way, ...(await measure(asked, bed, load, way)) });
      await load.stop();
    }
    if (asked.swarm === 0) return done;
    const way = await bySwarm(stack, docker);
    try {
      const load = bed.load(asked);
      done.push({ ...way, ...(await measure(asked, bed, load, way)) });
      await load.stop();
    } finally {
      await way.end();
    }
    return done;
  } finally {
    await bed.close();
  }
}

async function measure(
  { rounds }: Asked,
  { stack }: StackBed,
  load: ReturnType<StackBed["load"]>,
  way: Way,
): Promise<{ readonly typed: readonly string[]; readonly runs: readonly Recovery[] }> {
  const runs: Recovery[] = [];
  for (let round = 0; round < rounds; round++) {
    await way.makeBad();
    await untilBadServes(stack);
    await pause(settleMs);
    runs.push(await recover(load, stack, way));
  }
  return { typed: way.typed, runs };
}

// The private Docker engine that all tests share, and further ones for tests that kill theirs.
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { localProcesses } from "../../src/os/processes.ts";
import type { ProcessRef } from "../../src/ports/processes.ts";
import { ensureCompose } from "./compose-plugin.ts";
import {
  answers,
  makeBridge,
  processOf,
  removeBridge,
  type Seat,
  socketOf,
  startDockerd,
  stopDockerd,
} from "./dockerd.ts";
import { findProgram } from "./find-program.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { partsFolder } from "./place.ts";
import { ownEnv, run } from "./run.ts";

export type Engine = {
  readonly socket: string;
  /** The whole environment that the docker client needs to reach it. */
  readonly env: Readonly<Record<string, string>>;
  /** This call started it. */
  readonly started: boolean;
};

/** May be killed and started again: its tests are alone with it. */
export type PrivateEngine = Engine & {
  readonly process: () => Promise<ProcessRef | null>;
  /** After it was killed: a fresh dockerd over the same data. */
  readonly startAgain: () => Promise<ProcessRef>;
  readonly stop: () => Promise<void>;
};

type Claim = { readonly folder: string; readonly owner: ProcessRef };

const privateSlots = 15;
const name = "docker-engine";

/** The running engine, or a fresh and empty one (but for images). Null where this machine can't run one. */
export async function startEngine(): Promise<Engine | null> {
  return await oneAtATime(name, async () => {
    const seat = shared();
    if (await answers(seat)) return engineAt(seat, false);
    if (!(await canRun())) return null;
    await stopDockerd(seat);
    await makeBridge(seat.slot);
    await startDockerd(seat);
    await removeLeftovers(engineAt(seat, true));
    return engineAt(seat, true);
  });
}

export async function stopEngine(): Promise<void> {
  await oneAtATime(name, async () => {
    await stopDockerd(shared());
    await removeBridge(shared().slot);
  });
}

/** An empty engine in that folder, without any image. Stop it at the end of the test. Null as above. */
export async function startPrivateEngine(folder: string): Promise<PrivateEngine | null> {
  if (!(await oneAtATime(name, canRun))) return null;
  const seat: Seat = { folder, slot: await oneAtATime("docker-slots", () => takeSlot(folder)) };
  await startDockerd(seat);
  return {
    ...engineAt(seat, true),
    process: () => processOf(folder),
    startAgain: () => startDockerd(seat),
    stop: async () => {
      // A killed one left its containers, which only a dockerd can end.
      if (!(await answers(seat))) await startDockerd(seat);
      await removeContainers(engineAt(seat, true)); // it would ask each to end, and wait
      await stopDockerd(seat);
      await giveUpSlot(seat.slot);
    },
  };
}

/** One whose owner died was left by a test that was killed: its engine is ended here. */
async function takeSlot(folder: string): Promise<number> {
  const processes = localProcesses();
  for (let slot = 1; slot <= privateSlots; slot++) {
    const file = join(partsFolder("docker-slots"), String(slot));
    const claim = JSON.parse(await readFile(file, "utf8").catch(() => "null")) as Claim | null;
    if (claim !== null && processes.alive(claim.owner)) continue;
    if (claim !== null) await stopDockerd(claim);
    await removeBridge(slot);
    if (!(await makeBridge(slot))) continue;
    await writeFile(file, JSON.stringify({ folder, owner: processes.self() } satisfies Claim));
    return slot;
  }
  throw new Error(`all ${privateSlots} private engines are in use`);
}

async function giveUpSlot(slot: number): Promise<void> {
  await removeBridge(slot);
  await rm(join(partsFolder("docker-slots"), String(slot)), { force: true });
}

/** Root, dockerd and Compose: what is missing of Compose is fetched. */
async function canRun(): Promise<boolean> {
  const hasDockerd = (await findProgram("dockerd")) !== null && process.geteuid?.() === 0;
  return hasDockerd && (await ensureCompose(config()));
}

/** What the last run left: nobody uses it, for this engine is new. Images are kept. */
async function removeLeftovers(engine: Engine): Promise<void> {
  await removeContainers(engine);
  const { env } = engine;
  const volumes = await idsOf(["volume", "ls", "--quiet"], env);
  if (volumes.length > 0) await run(["docker", "volume", "rm", "--force", ...volumes], { env });
  await run(["docker", "network", "prune", "--force"], { env });
}

async function removeContainers({ env }: Engine): Promise<void> {
  const containers = await idsOf(["ps", "--all", "--quiet"], env);
  if (containers.length > 0) await run(["docker", "rm", "--force", "--volumes", ...containers], { env });
}

async function idsOf(list: readonly string[], env: Engine["env"]): Promise<readonly string[]> {
  return (await run(["docker", ...list], { env })).split("\n").filter((id) => id !== "");
}

function engineAt({ folder }: Seat, started: boolean): Engine {
  const reach = { DOCKER_HOST: `unix://${socketOf(folder)}`, DOCKER_CONFIG: config() };
  return { socket: socketOf(folder), env: { ...ownEnv(), ...reach, HOME: partsFolder("docker") }, started };
}

function shared(): Seat {
  return { folder: partsFolder("docker"), slot: 0 };
}

function config(): string {
  return partsFolder("docker", "config");
}

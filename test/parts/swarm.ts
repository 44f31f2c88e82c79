// A Swarm of three nodes on this machine, for one test file: one manager, two workers, a private engine each.
import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";
import { makeImages } from "../../scripts/images/index.ts";
import { findProgram } from "../../scripts/parts/find-program.ts";
import { partsFolder } from "../../scripts/parts/place.ts";
import { run } from "../../scripts/parts/run.ts";
import { localProcesses } from "../../src/os/processes.ts";
import type { ProcessRef } from "../../src/ports/processes.ts";
import { makeNet, removeNet, type SwarmNet, swarmNet } from "./swarm-net.ts";
import { clientEnv, killEngine, type NodePlace, removeNode, socketOf, startNode } from "./swarm-node.ts";

export type SwarmNode = {
  /** Its host name in the swarm. */
  readonly name: string;
  readonly address: string;
  readonly socket: string;
  readonly env: Readonly<Record<string, string>>;
  docker(...args: readonly string[]): Promise<string>;
  /** `kill -9` of its engine; containers go on, the swarm sees the node as lost. */
  kill(): Promise<void>;
  /** Start it again on what it had. */
  start(): Promise<void>;
};

export type SwarmBed = {
  readonly id: string;
  /** The manager first. */
  readonly nodes: readonly [SwarmNode, SwarmNode, SwarmNode];
  /** Builds `<name>:<version>` of the node image with `program` as its entry, on all nodes. Same text, same image. */
  image(name: string, version: string, program: string): Promise<string>;
  /** Cut a node off from the others, or plug it in again. */
  partition(node: SwarmNode, cut: boolean): Promise<void>;
  close(): Promise<void>;
};

const nodeImage = "lastgood-test/node:24";
const loadMs = 5 * 60_000;
const processes = localProcesses();

/** `describe`, or its skipped twin where there can't be a swarm; the title says what is needed. */
export async function describeWithSwarm(): Promise<(title: string, tests: () => void) => void> {
  const missing = await whyMissing();
  if (missing !== null) console.warn(`tests that need a swarm are skipped: ${missing}`);
  return (title, tests) => describe.runIf(missing === null)(`${title} (needs a swarm)`, tests);
}

async function whyMissing(): Promise<string | null> {
  if (process.geteuid?.() !== 0) return "three engines in namespaces of their own need root";
  for (const program of ["dockerd", "docker", "ip", "nsenter", "unshare"]) {
    if ((await findProgram(program)) === null)
      return `there is no ${program}; run npm test as root on Debian`;
  }
  return null;
}

/** Ready when three nodes are known to the manager. Beds whose test process died are removed first. */
export async function swarmBed(options: { readonly heartbeat?: string } = {}): Promise<SwarmBed> {
  await removeOrphans();
  const id = randomBytes(2).toString("hex");
  const folder = join(partsFolder("swarm"), id);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, "owner.json"), JSON.stringify(processes.self()));
  const places = placesOf(id, folder);
  const close = async (): Promise<void> => removeBed(id, folder);
  try {
    await makeNet(netOf(id));
    const engines = new Map<string, ProcessRef>();
    const nodes = places.map((place) => nodeOf(place, engines));
    await Promise.all(nodes.map((node) => node.start()));
    const [manager, ...workers] = nodes as [SwarmNode, SwarmNode, SwarmNode];
    await join3(manager, workers, options.heartbeat ?? "5s");
    await bringImage(manager, workers, nodeImage, () => makeBase(manager));
    const built = new Map<string, Promise<string>>();
    return {
      id,
      nodes: [manager, ...workers] as unknown as SwarmBed["nodes"],
      image: (name, version, program) => {
        const key = `${name}:${version} ${program}`;
        const made = built.get(key) ?? buildImage(manager, workers, `${name}:${version}`, program);
        built.set(key, made);
        return made;
      },
      partition: (node, cut) => cable(id, node, cut),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function netOf(id: string): SwarmNet {
  return swarmNet(id, 3);
}

function placesOf(id: string, folder: string): readonly NodePlace[] {
  return netOf(id).nodes.map((net, index) => {
    const name = `lgsw-${id}-${index + 1}`;
    return { name, folder: join(folder, `n${index + 1}`), net };
  });
}

function nodeOf(place: NodePlace, engines: Map<string, ProcessRef>): SwarmNode {
  const env = clientEnv(place);
  return {
    name: place.name,
    address: place.net.address,
    socket: socketOf(place),
    env,
    docker: async (...args) => (await run(["docker", ...args], { env })).trim(),
    async kill() {
      const engine = engines.get(place.name);
      if (engine) await killEngine(engine);
    },
    async start() {
      await mkdir(place.folder, { recursive: true, mode: 0o700 });
      engines.set(place.name, await startNode(place));
    },
  };
}

async function join3(manager: SwarmNode, workers: readonly SwarmNode[], heartbeat: string): Promise<void> {
  const at = (node: SwarmNode) => ["--advertise-addr", node.address, "--listen-addr", `${node.address}:2377`];
  await manager.docker("swarm", "init", ...at(manager), "--dispatcher-heartbeat", heartbeat);
  const token = await manager.docker("swarm", "join-token", "--quiet", "worker");
  await Promise.all(
    workers.map((node) =>
      node.docker("swarm", "join", ...at(node), "--token", token, `${manager.address}:2377`),
    ),
  );
}

async function makeBase(manager: SwarmNode): Promise<void> {
  const unknown = await makeImages([nodeImage], manager.env);
  if (unknown.length > 0) throw new Error(`no image ${unknown.join(", ")}`);
}

async function buildImage(
  manager: SwarmNode,
  workers: readonly SwarmNode[],
  tag: string,
  program: string,
): Promise<string> {
  await bringImage(manager, workers, tag, async () => {
    const context = await mkdtemp(join(tmpdir(), "lastgood-swarm-image-"));
    try {
      await writeFile(join(context, "app.mjs"), program);
      const digest = createHash("sha256").update(program).digest("hex");
      const lines = [
        `FROM ${nodeImage}`,
        "COPY app.mjs /app.mjs",
        `LABEL program=${digest}`,
        'CMD ["node", "/app.mjs"]',
      ];
      await writeFile(join(context, "Dockerfile"), `${lines.join("\n")}\n`);
      await manager.docker("build", "--quiet", "--tag", tag, context);
    } finally {
      await rm(context, { recursive: true, force: true });
    }
  });
  return tag;
}

/** No registry here: made on the manager, carried to the others. */
async function bringImage(
  manager: SwarmNode,
  workers: readonly SwarmNode[],
  tag: string,
  make: () => Promise<void>,
): Promise<void> {
  await make();
  const archive = join(await mkdtemp(join(tmpdir(), "lastgood-swarm-load-")), "image.tar");
  try {
    await run(["docker", "save", "--output", archive, tag], { env: manager.env, timeoutMs: loadMs });
    for (const { env } of workers) {
      await run(["docker", "load", "--quiet", "--input", archive], { env, timeoutMs: loadMs });
    }
  } finally {
    await rm(join(archive, ".."), { recursive: true, force: true });
  }
}

async function cable(id: string, node: SwarmNode, cut: boolean): Promise<void> {
  const net = netOf(id);
  const end = net.nodes.find(({ address }) => address === node.address);
  if (!end) throw new Error(`${node.name} is not of this bed`);
  await run(["ip", "-n", net.switch, "link", "set", end.port, cut ? "down" : "up"]);
}

async function removeBed(id: string, folder: string): Promise<void> {
  for (const place of placesOf(id, folder)) await removeNode(place);
  await removeNet(netOf(id));
  await rm(folder, { recursive: true, force: true });
}

/** What a test process left that could not clean up after itself. */
async function removeOrphans(): Promise<void> {
  const root = partsFolder("swarm");
  for (const id of await readdir(root)) {
    const text = await readFile(join(root, id, "owner.json"), "utf8").catch(() => null);
    const owner = text === null ? null : (JSON.parse(text) as ProcessRef);
    if (owner === null || !processes.alive(owner)) await removeBed(id, join(root, id));
  }
}

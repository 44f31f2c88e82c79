// One Docker engine of a Swarm test bed, in namespaces of its own. It can be killed like a machine that loses power.
import { mkdir, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ownEnv, run, tryRun } from "../../scripts/parts/run.ts";
import { localProcesses } from "../../src/os/processes.ts";
import type { ProcessRef } from "../../src/ports/processes.ts";
import type { NodeNet } from "./swarm-net.ts";

const startMs = 60_000;
const endMs = 20_000;
const lookEveryMs = 50;
const processes = localProcesses();

export type NodePlace = { readonly name: string; readonly folder: string; readonly net: NodeNet };

export function socketOf(place: NodePlace): string {
  return join(place.folder, "docker.sock");
}

/** The whole environment of a docker client that talks to this node. */
export function clientEnv(place: NodePlace): Record<string, string> {
  return {
    ...ownEnv(),
    DOCKER_HOST: `unix://${socketOf(place)}`,
    DOCKER_CONFIG: join(place.folder, "client"),
    HOME: place.folder,
    DOCKER_BUILDKIT: "0",
  };
}

/** Starts dockerd with its own containerd, network, host name, data and socket, and waits until it answers. */
export async function startNode(place: NodePlace): Promise<ProcessRef> {
  await mkdir(join(place.folder, "client"), { recursive: true, mode: 0o700 });
  await writeFile(join(place.folder, "daemon.json"), "{}\n", { mode: 0o600 });
  // Of one that was killed: where zombies are reaped late, they look as if they lived.
  for (const file of ["dockerd.pid", "exec/containerd/containerd.pid"]) {
    await rm(join(place.folder, file), { force: true });
  }
  const begun = await processes.start({
    argv: [
      "nsenter",
      `--net=/run/netns/${place.net.namespace}`,
      `--uts=${await ownHostName(place)}`,
      ...daemon(place),
    ],
    cwd: place.folder,
    env: ownEnv(),
    logFile: join(place.folder, "dockerd.log"),
  });
  if (!begun.ok) throw new Error(begun.error.what);
  const until = Date.now() + startMs;
  while (!(await answers(socketOf(place)))) {
    if (!processes.alive(begun.value) || Date.now() > until) {
      throw new Error(`${place.name} did not come up: see ${place.folder}/dockerd.log`);
    }
    await sleep(lookEveryMs);
  }
  return begun.value;
}

/** `kill -9` of the engine alone: what it ran goes on, as after a crash of the daemon. */
export async function killEngine(engine: ProcessRef): Promise<void> {
  processes.signal(engine, "SIGKILL");
  await gone([engine]);
}

/** Everything of this node ends at once, and its mounts go; whatever state it is in. */
export async function removeNode(place: NodePlace): Promise<void> {
  const until = Date.now() + endMs;
  for (;;) {
    const ours = await processesOf(place);
    if (ours.length === 0) break;
    for (const pid of ours) kill(pid);
    if (Date.now() > until) throw new Error(`processes of ${place.name} do not end: ${ours.join(" ")}`);
    await sleep(lookEveryMs);
  }
  const mounts = (await readFile("/proc/self/mounts", "utf8"))
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((path) => path.startsWith(`${place.folder}/`));
  for (const path of mounts.sort().reverse()) await tryRun(["umount", "--lazy", path]);
  await rm(place.folder, { recursive: true, force: true });
}

/** A host name of its own without a shell in between: a namespace that is kept by a file. */
async function ownHostName(place: NodePlace): Promise<string> {
  const file = join(place.folder, "uts");
  const isKept = (await readFile("/proc/self/mounts", "utf8")).includes(` ${file} `);
  if (!isKept) {
    await writeFile(file, "");
    await run(["unshare", `--uts=${file}`, "hostname", place.name]);
  }
  return file;
}

function daemon({ folder }: NodePlace): readonly string[] {
  return [
    "dockerd",
    ...["--host", `unix://${join(folder, "docker.sock")}`],
    ...["--data-root", join(folder, "data")],
    ...["--exec-root", join(folder, "exec")],
    ...["--pidfile", join(folder, "dockerd.pid")],
    ...["--config-file", join(folder, "daemon.json")],
    ...["--storage-driver", "overlay2"],
  ];
}

/**
 * What lives here by id: engine, containerd and its shims name the folder in their arguments; what runs in containers
 * is in the mounts or below the shims.
 */
async function processesOf(place: NodePlace): Promise<readonly number[]> {
  const all = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const seen = await Promise.all(all.map((pid) => look(pid)));
  const living = seen.filter((one) => one !== null && one.state !== "Z") as Seen[];
  const ours = new Set(
    living
      .filter(({ pid, command }) => pid !== process.pid && command.includes(`${place.folder}/`))
      .map(({ pid }) => pid),
  );
  for (let grew = true; grew; ) {
    const more = living.filter(({ pid, parent }) => ours.has(parent) && !ours.has(pid));
    for (const { pid } of more) ours.add(pid);
    grew = more.length > 0;
  }
  const inside = await namespaceId(place.net.namespace);
  for (const { pid, net } of living) if (net !== null && net === inside) ours.add(pid);
  return [...ours];
}

type Seen = { pid: number; parent: number; state: string; command: string; net: string | null };

async function look(pid: number): Promise<Seen | null> {
  try {
    const [stat, command, net] = await Promise.all([
      readFile(`/proc/${pid}/stat`, "utf8"),
      readFile(`/proc/${pid}/cmdline`, "utf8"),
      readlink(`/proc/${pid}/ns/net`).catch(() => null),
    ]);
    const [state = "", parent = "0"] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { pid, parent: Number(parent), state, command, net };
  } catch {
    return null; // it ended meanwhile
  }
}

async function namespaceId(name: string): Promise<string | null> {
  const ended = await tryRun(["stat", "--dereference", "--format=net:[%i]", `/run/netns/${name}`]);
  return ended?.exitCode === 0 ? ended.stdout.trim() : null;
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it ended meanwhile
  }
}

async function gone(refs: readonly ProcessRef[]): Promise<void> {
  const until = Date.now() + endMs;
  while (refs.some((ref) => processes.alive(ref)) && Date.now() < until) await sleep(lookEveryMs);
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const ping = request({ socketPath: socket, path: "/_ping", timeout: 5_000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    ping.on("timeout", () => ping.destroy());
    ping.on("error", () => resolve(false));
    ping.end();
  });
}

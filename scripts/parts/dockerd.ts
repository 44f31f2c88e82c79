// One dockerd of ours: own data, socket and bridge, beside any engine that the machine has.
import { readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isGone, readStat } from "../../src/os/proc.ts";
import { localProcesses } from "../../src/os/processes.ts";
import type { ProcessRef } from "../../src/ports/processes.ts";
import { ownEnv, run, tryRun } from "./run.ts";

/** Where one lives, and which of the test networks (RFC 2544) it has: 0 is the shared one, 1 to 15 are private. */
export type Seat = { readonly folder: string; readonly slot: number };

const startMs = 60_000;
const lookEveryMs = 50;
const stopMs = 30_000;
const dyingMs = 5_000;
const processes = localProcesses();

/** Starts it and waits until it answers. Throws where it does not come up. */
export async function startDockerd(seat: Seat): Promise<ProcessRef> {
  // Else it would take the configuration of the machine's own engine.
  await writeFile(join(seat.folder, "daemon.json"), "{}\n", { mode: 0o600 });
  await forgetDead(seat.folder);
  const begun = await processes.start({
    argv: ["dockerd", ...options(seat)],
    cwd: seat.folder,
    env: ownEnv(),
    logFile: join(seat.folder, "dockerd.log"),
  });
  if (!begun.ok) throw new Error(begun.error.what);
  await writeFile(join(seat.folder, "process.json"), JSON.stringify(begun.value), { mode: 0o600 });
  const until = Date.now() + startMs;
  while (!(await answers(seat))) {
    if (!processes.alive(begun.value) || Date.now() > until)
      throw new Error(`dockerd did not come up: see ${seat.folder}/dockerd.log`);
    await sleep(lookEveryMs);
  }
  return begun.value;
}

/** Published ports go through docker's own proxy process, so no packet filter of the machine is touched. */
function options({ folder, slot }: Seat): readonly string[] {
  return [
    ["--host", `unix://${socketOf(folder)}`],
    ["--data-root", join(folder, "data")],
    ["--exec-root", join(folder, "exec")],
    ["--pidfile", join(folder, "dockerd.pid")],
    ["--config-file", join(folder, "daemon.json")],
    ["--bridge", bridgeOf(slot)],
    ["--default-address-pool", `base=198.19.${slot * 16}.0/20,size=26`],
    ["--containerd-namespace", `lastgood-parts-${slot}`],
    ["--containerd-plugins-namespace", `lastgood-parts-plugins-${slot}`],
    ["--shutdown-timeout", "5"],
    ["--iptables=false"],
    ["--ip-forward=false"],
    ["--ip-masq=false"],
  ].flat();
}

/**
 * Pid files that a killed dockerd and its containerd left. They trust them as long as the pid exists, and where the
 * init reaps late, a dead one exists for minutes. A containerd dies with its dockerd, but a moment later: one that is
 * about to die would be taken for one that runs.
 */
async function forgetDead(folder: string): Promise<void> {
  const until = Date.now() + dyingMs;
  for (const file of [join(folder, "dockerd.pid"), join(folder, "exec", "containerd", "containerd.pid")]) {
    const pid = Number(await readFile(file, "utf8").catch(() => "0"));
    const gone = () => isGone(pid > 0 ? readStat("/proc", pid) : null);
    while (!gone() && Date.now() < until) await sleep(lookEveryMs);
    if (gone()) await rm(file, { force: true });
  }
}

/** By pid and start time, never by name; its containers end with it. Nothing happens where it is gone. */
export async function stopDockerd({ folder }: Pick<Seat, "folder">): Promise<void> {
  const ref = await processOf(folder);
  if (ref !== null && processes.alive(ref)) {
    processes.signal(ref, "SIGTERM");
    const until = Date.now() + stopMs;
    while (processes.alive(ref) && Date.now() < until) await sleep(lookEveryMs);
    processes.signal(ref, "SIGKILL");
  }
  // A clean end takes this mount away; what a dirty one left would be in the way of removing the folder.
  await tryRun(["umount", "--lazy", join(folder, "data")]);
  for (const name of ["process.json", "docker.sock", "dockerd.pid"])
    await rm(join(folder, name), { force: true });
}

/** The one that was started last in this folder, dead or alive. */
export async function processOf(folder: string): Promise<ProcessRef | null> {
  const text = await readFile(join(folder, "process.json"), "utf8").catch(() => null);
  return text === null ? null : (JSON.parse(text) as ProcessRef);
}

/** False where somebody has that one already. */
export async function makeBridge(slot: number): Promise<boolean> {
  const added = await tryRun(["ip", "link", "add", bridgeOf(slot), "type", "bridge"]);
  if (added?.exitCode !== 0) return false;
  await run(["ip", "address", "add", `198.18.${slot}.1/24`, "dev", bridgeOf(slot)]);
  await run(["ip", "link", "set", bridgeOf(slot), "up"]);
  return true;
}

export async function removeBridge(slot: number): Promise<void> {
  await tryRun(["ip", "link", "delete", bridgeOf(slot)]);
}

function bridgeOf(slot: number): string {
  return `lg-parts${slot}`;
}

export function socketOf(folder: string): string {
  return join(folder, "docker.sock");
}

export function answers({ folder }: Pick<Seat, "folder">): Promise<boolean> {
  return new Promise((resolve) => {
    const ping = request({ socketPath: socketOf(folder), path: "/_ping", timeout: 5_000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    ping.on("timeout", () => ping.destroy());
    ping.on("error", () => resolve(false));
    ping.end();
  });
}

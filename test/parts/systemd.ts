// A machine with systemd: a container whose init it is. Commands reach it by `docker exec`; one folder is shared with it.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeImages } from "../../scripts/images/index.ts";
import type { Host } from "../../src/ports/host.ts";
import { afterTest, bedFolder, type Later, pause } from "./bed.ts";
import { docker } from "./docker.ts";

export type SystemdBed = {
  readonly host: Host;
  /** Where its processes answer, from here. */
  readonly address: string;
  /** The same folder here and there. */
  readonly folder: string;
  /** /etc/systemd/system of that machine. */
  readonly unitDir: string;
  /** Write a unit and let systemd know of it. */
  readonly unit: (name: string, text: string) => Promise<void>;
  readonly ctl: (...args: readonly string[]) => Promise<string>;
};

const image = "lastgood-test/systemd:1";
const bootMs = 60_000;

export async function systemdBed(later: Later = afterTest): Promise<SystemdBed> {
  const bed = await docker(later);
  await makeImages([image], bed.env);
  const folder = await bedFolder("systemd", later, 0o755);
  const name = `${bed.project}-systemd`;
  const rights = [
    "--cap-add=SYS_ADMIN",
    "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined",
  ];
  const mounts = [
    "--tmpfs=/run",
    "--tmpfs=/run/lock",
    "--cgroupns=host",
    "--volume=/sys/fs/cgroup:/sys/fs/cgroup:rw",
  ];
  await bed.docker([
    "run",
    "--detach",
    `--name=${name}`,
    ...rights,
    ...mounts,
    `--volume=${folder}:${folder}`,
    image,
  ]);
  const inside = hostInside(bed.host, name);
  const ctl = async (...args: readonly string[]) => {
    const ended = await bed.tryDocker(["exec", name, "systemctl", ...args]);
    return ended.stdout.trim();
  };
  const until = Date.now() + bootMs;
  while (!["running", "degraded"].includes(await ctl("is-system-running"))) {
    if (Date.now() > until) throw new Error("systemd did not come up in its container");
    await pause(50);
  }
  const address = await bed.docker(["inspect", "--format={{.NetworkSettings.IPAddress}}", name]);
  const unitDir = "/etc/systemd/system";
  const unit = async (file: string, text: string) => {
    const staged = join(folder, "units");
    await mkdir(staged, { recursive: true });
    await writeFile(join(staged, file), text);
    await bed.docker(["cp", join(staged, file), `${name}:${unitDir}/${file}`]);
    await ctl("daemon-reload");
  };
  return { host: inside, address: address.trim(), folder, unitDir, unit, ctl };
}

function hostInside(outside: Host, container: string): Host {
  return {
    name: container,
    run: (command, signal) =>
      outside.run(
        { ...command, argv: ["docker", "exec", "--interactive", container, ...command.argv] },
        signal,
      ),
  };
}

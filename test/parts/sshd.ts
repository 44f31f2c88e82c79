// A private sshd on loopback: its own host key, one client key, the user that runs the tests.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { findProgram } from "../../scripts/parts/find-program.ts";
import { run } from "../../scripts/parts/run.ts";
import { readStat } from "../../src/os/proc.ts";
import { localProcesses } from "../../src/os/processes.ts";
import { afterTest, bedFolder, type Daemon, freePort, type Later, listens, startDaemon } from "./bed.ts";

export type SshdBed = Daemon & {
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** The client's private key. */
  readonly identityFile: string;
  /** `[127.0.0.1]:port ssh-ed25519 …`, a line for known_hosts. */
  readonly knownHosts: string;
  /** SHA256:… of the host key. */
  readonly fingerprint: string;
  /** Ends all connections as a network that is cut would: their processes are killed. Returns how many there were. */
  readonly killSessions: () => Promise<number>;
  /** Gives it another host key, as after a new installation or with somebody in between, and starts it again. */
  readonly changeHostKey: () => Promise<void>;
};

export async function sshdBed(later: Later = afterTest): Promise<SshdBed> {
  const folder = await bedFolder("sshd", later);
  const port = await freePort();
  const user = userInfo().username;
  const identityFile = join(folder, "id");
  await makeKey(identityFile);
  await makeKey(join(folder, "host-key"));
  await writeFile(join(folder, "authorized_keys"), await readFile(`${identityFile}.pub`), { mode: 0o600 });
  await writeFile(join(folder, "sshd_config"), config(folder, port));
  if (process.geteuid?.() === 0) await mkdir("/run/sshd", { recursive: true, mode: 0o755 });
  // It starts itself again for every connection, and wants its own whole path for that.
  const program = (await findProgram("sshd")) ?? "sshd";
  const argv = [program, "-D", "-e", "-f", join(folder, "sshd_config")] as const;
  const start = () => startDaemon({ argv, folder, ready: () => listens(port) }, later);
  const state = { daemon: await start() };
  return {
    ...state.daemon,
    alive: () => state.daemon.alive(),
    stop: (signal) => state.daemon.stop(signal),
    folder,
    host: "127.0.0.1",
    port,
    user,
    identityFile,
    knownHosts: `[127.0.0.1]:${port} ${await readFile(join(folder, "host-key.pub"), "utf8")}`,
    fingerprint: (await run(["ssh-keygen", "-lf", join(folder, "host-key.pub")])).split(" ")[1] ?? "",
    killSessions: () => killChildren(state.daemon.process.pid),
    changeHostKey: async () => {
      await state.daemon.stop();
      await run(["rm", "-f", join(folder, "host-key"), join(folder, "host-key.pub")]);
      await makeKey(join(folder, "host-key"));
      state.daemon = await start();
    },
  };
}

async function makeKey(path: string): Promise<void> {
  await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lastgood test", "-f", path]);
}

function config(folder: string, port: number): string {
  return [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${folder}/host-key`,
    `AuthorizedKeysFile ${folder}/authorized_keys`,
    `PidFile ${folder}/sshd.pid`,
    "StrictModes no",
    "UsePAM no",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "PermitRootLogin prohibit-password",
    "PrintMotd no",
    "PrintLastLog no",
    "UseDNS no",
    "MaxSessions 100",
    "MaxStartups 100",
    "SetEnv SHLVL=1", // else root's shell starts as for a person, which takes 130 ms
    "Subsystem sftp internal-sftp",
    "",
  ].join("\n");
}

/** Connections and what stands behind them, but not the commands that they run: these may go on, as on a far machine. */
async function killChildren(pid: number): Promise<number> {
  const processes = localProcesses();
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "")).split(" ");
  let killed = 0;
  for (const child of children.filter((id) => id !== "").map(Number)) {
    const name = await readFile(`/proc/${child}/comm`, "utf8").catch(() => "");
    const stat = readStat("/proc", child);
    if (!name.startsWith("sshd") || stat === null) continue;
    killed += 1 + (await killChildren(child));
    processes.signal({ pid: child, startTime: stat.startTime }, "SIGKILL");
  }
  return killed;
}

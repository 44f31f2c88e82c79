// A Host over a real sshd on loopback.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ownEnv } from "../../../scripts/parts/run.ts";
import { systemClock } from "../../../src/os/clock.ts";
import { localHost } from "../../../src/os/exec.ts";
import { type SshHost, sshHost } from "../../../src/os/ssh.ts";
import { controlPath, type SshPlaces, type SshTarget, sshArgv } from "../../../src/os/ssh-client.ts";
import type { Host } from "../../../src/ports/host.ts";
import { afterTest, type Later } from "../../parts/bed.ts";
import { type SshdBed, sshdBed } from "../../parts/sshd.ts";

export type SshBed = {
  readonly sshd: SshdBed;
  readonly target: SshTarget;
  readonly places: SshPlaces;
  readonly host: SshHost;
  /** What runs the ssh client. */
  readonly local: Host;
  /** Socket of the shared connection. */
  readonly control: string;
};

/** `known` false: nobody has accepted its host key. */
export async function sshBed(later: Later = afterTest, known = true): Promise<SshBed> {
  const sshd = await sshdBed(later);
  const places = { knownHosts: join(sshd.folder, "known_hosts"), sockets: join(sshd.folder, "s") };
  const { user, host, port, identityFile } = sshd;
  const target: SshTarget = { name: "web-1", user, host, port, identityFile };
  await writeFile(places.knownHosts, known ? knownLine(sshd) : "");
  const { HOME = "", PATH = "" } = ownEnv();
  const local = localHost({ PATH, HOME }, systemClock());
  later(async () => {
    const argv = sshArgv(target, places, "more", ["-O", "exit", "--", "x"]);
    await local.run({ argv, effect: "write", op: null, timeoutMs: 10_000 });
  });
  return {
    sshd,
    target,
    places,
    local,
    control: controlPath(target, places),
    host: sshHost(target, places, local),
  };
}

function knownLine({ knownHosts }: SshdBed): string {
  return `web-1 ${knownHosts.split(" ").slice(1).join(" ")}`;
}

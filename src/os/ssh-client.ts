// How the system's ssh client is called: our own known hosts, nothing of anybody's configuration, one shared connection.
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { sha256 } from "../core/digest.ts";

export type SshTarget = {
  /** Our name for it; its host key is known under this name. */
  readonly name: string;
  readonly user: string;
  readonly host: string;
  readonly port: number;
  /** A private key; null for what the user of this machine has (agent, ~/.ssh). */
  readonly identityFile: string | null;
};

export type SshPlaces = {
  /** Host keys that a person accepted, and no others. */
  readonly knownHosts: string;
  /** For the shared connection's socket; a short path, only for this user (0700). */
  readonly sockets: string;
};

const connectS = 10;
/** A silent network is noticed after about 15 s. */
const aliveEveryS = 5;
const aliveCount = 3;
/** The shared connection stays so long after the last command. */
const persistS = 120;

const options = {
  BatchMode: "yes",
  StrictHostKeyChecking: "yes",
  GlobalKnownHostsFile: "/dev/null",
  CheckHostIP: "no",
  UpdateHostKeys: "no",
  ConnectTimeout: String(connectS),
  ServerAliveInterval: String(aliveEveryS),
  ServerAliveCountMax: String(aliveCount),
  ForwardAgent: "no",
  ForwardX11: "no",
  PermitLocalCommand: "no",
  RequestTTY: "no",
  LogLevel: "ERROR",
  StreamLocalBindUnlink: "yes",
};

/** `first` makes the shared connection where there is none; every other command only uses it. */
export function sshArgv(
  target: SshTarget,
  places: SshPlaces,
  role: "first" | "more",
  rest: readonly string[],
): [string, ...string[]] {
  const own = {
    ...options,
    UserKnownHostsFile: quoted(places.knownHosts),
    HostKeyAlias: target.name,
    ControlPath: quoted(controlPath(target, places)),
    ControlMaster: role === "first" ? "auto" : "no",
    ...(role === "first" ? { ControlPersist: String(persistS) } : {}),
    ...(target.identityFile === null
      ? {}
      : { IdentitiesOnly: "yes", IdentityFile: quoted(target.identityFile) }),
  };
  const pairs = Object.entries(own).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  return ["ssh", "-F", "none", ...pairs, "-p", String(target.port), ...rest];
}

export function destination({ user, host }: SshTarget): readonly string[] {
  return ["--", `${user}@${host}`];
}

/** Differs for every way to the host, so that a changed address or key never uses the old connection. */
export function controlPath(target: SshTarget, { sockets, knownHosts }: SshPlaces): string {
  return join(sockets, `c-${sha256(JSON.stringify([target, knownHosts])).slice(0, 12)}`);
}

/** Is the shared connection there? */
export async function isConnected(target: SshTarget, places: SshPlaces): Promise<boolean> {
  return await isListening(controlPath(target, places));
}

/** A socket that its owner left when it died does not listen. */
export async function isListening(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** ssh reads option values as words of its own, with percent signs of its own. */
function quoted(path: string): string {
  return `"${path.replaceAll("%", "%%")}"`;
}

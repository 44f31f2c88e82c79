// Which remote machines are known, one file each, and the known_hosts file that ssh reads, made from it.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { ok, problem, type Result } from "../core/result.ts";
import type { Files } from "../ports/files.ts";
import type { Host } from "../ports/host.ts";
import type { HostBook, HostKey, KnownHost } from "../ports/host-book.ts";
import { sshHost } from "./ssh.ts";
import type { SshPlaces, SshTarget } from "./ssh-client.ts";

const SCAN_S = 10;
const SCAN_MS = 30_000;
/** Best first. */
const kinds = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"];
const ending = ".json";

export type BookPlaces = {
  /** One file a host, 0600. */
  readonly folder: string;
  /** As in SshPlaces. */
  readonly sockets: string;
};

/** `local` runs ssh and ssh-keyscan. */
export function sshBook(places: BookPlaces, files: Files, local: Host): HostBook {
  return {
    scan: (host, port) => scan(local, host, port),
    all: () => all(files, places),
    put: (host) => put(files, places, host),
    remove: async (name) => {
      const entry = await files.remove(join(places.folder, `${name}${ending}`));
      return entry.ok ? await files.remove(knownHostsOf(places, name)) : entry;
    },
    open: (host) => sshHost(targetOf(host), placesOf(places, host.name), local),
  };
}

/** The same machine for those that need more of it than commands. */
export function targetOf({ name, user, host, port, identityFile }: KnownHost): SshTarget {
  return { name, user, host, port, identityFile };
}

export function placesOf(places: BookPlaces, name: string): SshPlaces {
  return { knownHosts: knownHostsOf(places, name), sockets: places.sockets };
}

async function scan(local: Host, host: string, port: number): Promise<Result<readonly HostKey[]>> {
  const argv = ["ssh-keyscan", "-T", String(SCAN_S), "-p", String(port), "--", host] as const;
  const ran = await local.run({ argv, effect: "read", op: null, timeoutMs: SCAN_MS });
  if (!ran.ok) return ran;
  const keys = ran.value.stdout.split("\n").flatMap(keyIn);
  const sorted = kinds.flatMap((kind) => keys.filter(({ type }) => type === kind));
  if (sorted.length > 0) return ok(sorted);
  const next = "check the name and the port, that sshd runs there, and the network between";
  return problem("unreachable", `${host} shows no ssh host key on port ${port}`, next, host);
}

/** `host type blob`, as in known_hosts; anything else is talk. */
function keyIn(line: string): readonly HostKey[] {
  const [, type = "", blob = ""] = line.split(" ");
  if (line.startsWith("#") || !kinds.includes(type) || !/^[A-Za-z0-9+/=]+$/.test(blob)) return [];
  return [{ type, blob, fingerprint: fingerprintOf(blob) }];
}

function fingerprintOf(blob: string): string {
  const digest = createHash("sha256").update(Buffer.from(blob, "base64")).digest("base64");
  return `SHA256:${digest.replace(/=+$/, "")}`;
}

async function all(files: Files, { folder }: BookPlaces): Promise<Result<readonly KnownHost[]>> {
  const names = await files.list(folder);
  if (!names.ok) return names;
  const hosts: KnownHost[] = [];
  for (const name of names.value.filter((each) => each.endsWith(ending))) {
    const file = join(folder, name);
    const text = await files.read(file);
    if (!text.ok) return text;
    const host = parse(text.value.toString("utf8"));
    if (host === null || `${host.name}${ending}` !== name)
      return problem("damaged", `${file} is no entry of a host`, "remove it, and add the host again", file);
    hosts.push(host);
  }
  return ok(hosts);
}

function parse(text: string): KnownHost | null {
  try {
    const host = JSON.parse(text) as KnownHost;
    const texts = [host.name, host.user, host.host, host.key.type, host.key.blob, host.key.fingerprint];
    const isWhole = texts.every((each) => typeof each === "string") && Number.isInteger(host.port);
    const isHonest = isWhole && host.key.fingerprint === fingerprintOf(host.key.blob);
    return isHonest && ["string", "object"].includes(typeof host.identityFile) ? host : null;
  } catch {
    return null;
  }
}

/** ssh's file first: an entry without it would look trusted and not work. */
async function put(files: Files, places: BookPlaces, host: KnownHost): Promise<Result<void>> {
  const known = `${host.name} ${host.key.type} ${host.key.blob}\n`;
  const done = await files.replace(knownHostsOf(places, host.name), known, 0o600);
  if (!done.ok) return done;
  return await files.replace(
    join(places.folder, `${host.name}${ending}`),
    `${JSON.stringify(host, null, 2)}\n`,
    0o600,
  );
}

function knownHostsOf({ folder }: BookPlaces, name: string): string {
  return join(folder, `${name}.known_hosts`);
}

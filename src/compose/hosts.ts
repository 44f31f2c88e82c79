// The book of remote machines of one app, in its state folder.
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Hosts, hosts } from "../app/hosts.ts";
import type { Config } from "../config/schema.ts";
import { sha256 } from "../core/digest.ts";
import { localHost } from "../os/exec.ts";
import { type BookPlaces, sshBook } from "../os/ssh-book.ts";
import { thisMachine } from "./machine.ts";

/** Socket paths end at 107 bytes; ssh's own name and what it puts behind it while it binds take 35. */
const folderBytes = 70;

/** Where the book of an app lies. */
export function bookPlaces(state: string): BookPlaces {
  const folder = join(state, "hosts");
  const plain = join(folder, "s");
  const short = join(tmpdir(), `lastgood-ssh-${sha256(folder).slice(0, 16)}`);
  return { folder, sockets: Buffer.byteLength(plain) <= folderBytes ? plain : short };
}

export function openHosts({ state }: Pick<Config, "state">): Hosts {
  const { files, clock, baseEnv } = thisMachine();
  const agent = process.env["SSH_AUTH_SOCK"];
  const env = agent === undefined ? baseEnv : { ...baseEnv, SSH_AUTH_SOCK: agent };
  return hosts(sshBook(bookPlaces(state), files, localHost(env, clock)));
}

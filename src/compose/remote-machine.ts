// Another machine in the place of this one: its files, commands and ports, over the shared ssh connection.
import { ok, problem, type Result } from "../core/result.ts";
import { hostChildren } from "../os/host-children.ts";
import { hostDigestTree } from "../os/host-digest.ts";
import { hostFiles } from "../os/host-files.ts";
import { sshHost } from "../os/ssh.ts";
import { placesOf, sshBook, targetOf } from "../os/ssh-book.ts";
import { sshHttp } from "../os/ssh-forward.ts";
import { bookPlaces } from "./hosts.ts";
import type { Machine } from "./machine.ts";

/** `name`: as in `lastgood host list`. Connects when it is first used. */
export async function remoteMachine(machine: Machine, state: string, name: string): Promise<Result<Machine>> {
  const places = bookPlaces(state);
  const known = await sshBook(places, machine.files, machine.host).all();
  if (!known.ok) return known;
  const entry = known.value.find((one) => one.name === name);
  if (!entry) {
    const names = known.value.map((one) => one.name).join(", ") || "none";
    return problem(
      "config",
      `no machine ${name} is trusted here; there are: ${names}`,
      `lastgood host add ${name} user@host shows its fingerprint and asks.`,
    );
  }
  const [target, at] = [targetOf(entry), placesOf(places, name)];
  const host = sshHost(target, at, machine.host);
  return ok({
    ...machine,
    host,
    files: hostFiles(host),
    digestTree: hostDigestTree(host),
    http: sshHttp(host, target, at, { local: machine.host, http: machine.http }),
    children: hostChildren(host, machine.clock, machine.children),
  });
}

// lastgood host: which other machines are trusted, and whether they can be reached.
import { addressOf, type HostOffer, type Hosts, type HostWish } from "../../app/hosts.ts";
import type { Result } from "../../core/result.ts";
import { type Outcome, stopped } from "../../core/view/outcome.ts";
import type { Shared, Shown } from "../run.ts";

/** With the composition root's way to the book of hosts. */
export type HostShared = Shared & {
  readonly edges: { hosts(options: { readonly config: string }): Promise<Result<Hosts>> };
};

/** Shows the fingerprint and asks; a script says beforehand which one it must be. */
export async function hostAddCommand(it: HostShared, wish: HostWish): Promise<Shown> {
  return await withHosts(it, async (hosts) => {
    const offered = await hosts.offer(wish);
    if (!offered.ok) return stopped("host", null, offered.error);
    const offer = offered.value;
    const isSure = wish.fingerprint !== null || isSame(offer) || (await said(it, offer));
    return isSure ? await hosts.accept(offer) : unsure(offer);
  });
}

export async function hostListCommand(it: HostShared): Promise<Shown> {
  return await withHosts(it, (hosts) => hosts.list());
}

export async function hostCheckCommand(it: HostShared, name: string | null): Promise<Shown> {
  return await withHosts(it, (hosts) => hosts.check(name));
}

export async function hostRemoveCommand(it: HostShared, name: string): Promise<Shown> {
  return await withHosts(it, (hosts) => hosts.remove(name));
}

async function withHosts(it: HostShared, act: (hosts: Hosts) => Promise<Outcome>): Promise<Shown> {
  const hosts = await it.edges.hosts({ config: it.config });
  return hosts.ok ? await act(hosts.value) : stopped("host", null, hosts.error);
}

function isSame({ host, replaces }: HostOffer): boolean {
  return JSON.stringify(host) === JSON.stringify(replaces);
}

async function said(it: HostShared, { host, replaces }: HostOffer): Promise<boolean> {
  if (!it.io.interactive) return false;
  const change =
    replaces === null || replaces.key.fingerprint === host.key.fingerprint
      ? ""
      : `CAREFUL: ${host.name} had another key until now: ${replaces.key.fingerprint}\n`;
  const question = `${change}${addressOf(host)} shows the key ${host.key.fingerprint} (${host.key.type}).
Compare it on that machine: ssh-keygen -lf /etc/ssh/ssh_host_${fileOf(host.key.type)}_key.pub
Is it the same? [y/N] `;
  return /^y(es)?$/i.test((await it.io.ask(question)).trim());
}

function fileOf(type: string): string {
  return type.startsWith("ecdsa") ? "ecdsa" : type.replace("ssh-", "");
}

function unsure({ host }: HostOffer): Outcome {
  const { fingerprint } = host.key;
  return {
    verb: "host",
    env: null,
    outcome: "waits",
    what: `${addressOf(host)} shows the key ${fingerprint}; it was not accepted.`,
    means: "Nothing was changed.",
    next: `When you have compared it there: add --fingerprint ${fingerprint}`,
    problem: null,
    data: { fingerprint },
  };
}

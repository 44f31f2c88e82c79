// The network of a Swarm test bed: one namespace as a switch, one for each node, and a leg of this machine to reach them.
import { createHash } from "node:crypto";
import { run, tryRun } from "../../scripts/parts/run.ts";

export type SwarmNet = {
  readonly switch: string;
  readonly hostLink: string;
  readonly nodes: readonly NodeNet[];
};

export type NodeNet = {
  readonly namespace: string;
  readonly address: string;
  /** Its end of the cable at the switch: down is a partition. */
  readonly port: string;
};

/** Names and addresses by `id` (short): link names have room for 15 characters, and several beds may live at once. */
export function swarmNet(id: string, count: number): SwarmNet {
  // 10.77.x.0/24 with x from the id; no default route, so that no name look-up of a node waits for anybody.
  const third = createHash("sha256").update(id).digest()[0] ?? 0;
  const nodes = Array.from({ length: count }, (_, index) => ({
    namespace: `lgsw-${id}-${index + 1}`,
    address: `10.77.${third}.${11 + index}`,
    port: `p${index + 1}`,
  }));
  return { switch: `lgsw-${id}`, hostLink: `lgsw-${id}`, nodes };
}

export async function makeNet(net: SwarmNet): Promise<void> {
  const hub = net.switch;
  await run(["ip", "netns", "add", hub]);
  await run(["ip", "-n", hub, "link", "add", "br0", "type", "bridge"]);
  for (const link of ["br0", "lo"]) await run(["ip", "-n", hub, "link", "set", link, "up"]);
  await run(["ip", "link", "add", net.hostLink, "type", "veth", "peer", "name", "phost", "netns", hub]);
  await run(["ip", "-n", hub, "link", "set", "phost", "master", "br0", "up"]);
  await run(["ip", "address", "add", hostAddress(net), "dev", net.hostLink]);
  await run(["ip", "link", "set", net.hostLink, "up"]);
  for (const node of net.nodes) await plugIn(hub, node);
}

async function plugIn(hub: string, { namespace, address, port }: NodeNet): Promise<void> {
  await run(["ip", "netns", "add", namespace]);
  await run([
    "ip",
    "link",
    "add",
    port,
    "netns",
    hub,
    "type",
    "veth",
    "peer",
    "name",
    "eth0",
    "netns",
    namespace,
  ]);
  await run(["ip", "-n", hub, "link", "set", port, "master", "br0", "up"]);
  await run(["ip", "-n", namespace, "address", "add", `${address}/24`, "dev", "eth0"]);
  for (const link of ["lo", "eth0"]) await run(["ip", "-n", namespace, "link", "set", link, "up"]);
}

export async function removeNet(net: SwarmNet): Promise<void> {
  await tryRun(["ip", "link", "delete", net.hostLink]);
  for (const { namespace } of [...net.nodes, { namespace: net.switch }]) {
    await tryRun(["ip", "netns", "delete", namespace]);
  }
}

function hostAddress(net: SwarmNet): string {
  const [first] = net.nodes;
  return `${first?.address.replace(/\d+$/, "1") ?? "10.77.0.1"}/24`;
}

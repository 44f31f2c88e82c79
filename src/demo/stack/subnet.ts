// A subnet that no network of the engine has.
import type { Bed } from "./bed.ts";

/** In the range for benchmarks (RFC 2544), of which nothing is anybody's. @throws where all are taken */
export async function freeSubnet(bed: Bed): Promise<string> {
  const ids = (await bed.run(["docker", "network", "ls", "--quiet"])).split("\n").filter((id) => id !== "");
  const taken = new Set<string>();
  for (const id of ids) {
    // A network may be gone by now.
    const said = await bed
      .run(["docker", "network", "inspect", "--format", "{{json .IPAM.Config}}", id])
      .catch(() => "null");
    for (const { Subnet } of (JSON.parse(said) ?? []) as readonly { readonly Subnet?: string }[])
      if (Subnet) taken.add(Subnet.split(".").slice(0, 3).join("."));
  }
  const first = Math.floor(Math.random() * 128);
  for (let step = 0; step < 128; step++) {
    const prefix = `198.18.${128 + ((first + step) % 128)}`;
    if (!taken.has(prefix)) return `${prefix}.0/24`;
  }
  throw new Error("no free subnet: remove networks that nobody uses");
}

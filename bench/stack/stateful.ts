// Since when the databases and caches of a stack run, which no deploy may touch.
import type { Stack } from "../../src/demo/stack/stack.ts";

const stateful: Readonly<Record<Stack["kind"], readonly string[]>> = {
  hummii: ["postgres", "redis"],
  hibachi: ["redis"],
};

/** By service: id and start of its container's first process, which tells of its file's own clock. */
export async function statefulStarts(stack: Stack): Promise<ReadonlyMap<string, string>> {
  const starts = new Map<string, string>();
  for (const service of stateful[stack.kind]) {
    const id = (await stack.compose(["ps", "--quiet", service])).trim();
    const since = await stack.compose(["exec", "-T", service, "stat", "-c", "%Y", "/proc/1"]);
    starts.set(service, `${id} ${since.trim()}`);
  }
  return starts;
}

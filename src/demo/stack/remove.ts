// Removes everything in the engine that carries a stack's name, whoever made it for that stack.
import type { Bed } from "./bed.ts";

/** Names are unique (see `makeBed`), so that nothing else is met. */
export async function removeAll({ name, run }: Bed): Promise<void> {
  const ids = async (argv: readonly [string, ...string[]]) =>
    (await run(argv)).split("\n").filter((line) => line !== "");
  const project = `label=com.docker.compose.project=${name}`;
  for (const filter of [project, `name=${name}`]) {
    const containers = await ids(["docker", "ps", "--all", "--quiet", "--no-trunc", "--filter", filter]);
    if (containers.length > 0) await run(["docker", "rm", "--force", "--volumes", ...containers]);
  }
  for (const kind of ["network", "volume"]) {
    const things = await ids(["docker", kind, "ls", "--quiet", "--filter", `name=${name}`]);
    if (things.length > 0) await run(["docker", kind, "rm", ...things]);
  }
  const all = await ids(["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]);
  const images = all.filter((image) => image.includes(name) && !image.endsWith(":<none>"));
  if (images.length > 0) await run(["docker", "image", "rm", "--force", ...images]);
}

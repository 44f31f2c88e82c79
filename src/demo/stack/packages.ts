// Puts npm packages and what they need into a build context: images are made without a registry.
import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { packages } from "./places.ts";

/** Types, maps and pages are of no use in an image, and are most of the files. */
const useless = /\.(?:d\.[cm]?ts|map|md|ts)$/;

export async function copyPackages(names: readonly string[], target: string): Promise<void> {
  const wanted = [...names];
  const done = new Set<string>();
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (done.has(name)) continue;
    done.add(name);
    const from = join(packages, name);
    await cp(from, join(target, name), { recursive: true, filter: (path) => !useless.test(path) });
    const { dependencies = {} } = JSON.parse(await readFile(join(from, "package.json"), "utf8")) as {
      readonly dependencies?: Readonly<Record<string, string>>;
    };
    wanted.push(...Object.keys(dependencies));
  }
}

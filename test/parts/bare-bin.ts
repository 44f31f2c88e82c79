// A PATH as on a machine where Lastgood and Node are gone.
import { existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";

/** Links to every program of this machine but Node and what comes with it, in a fresh folder. */
export function bareBin(target: string): string {
  mkdirSync(target);
  for (const from of ["/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"])
    for (const name of readdirSync(from))
      if (!existsSync(`${target}/${name}`) && !/^(node|nodejs|npm|npx|corepack|lastgood)/.test(name))
        symlinkSync(`${from}/${name}`, `${target}/${name}`);
  return target;
}

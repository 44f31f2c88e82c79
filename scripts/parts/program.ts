// Parts that are only programs: tests start private ones of their own.
import { findProgram } from "./find-program.ts";
import type { Part } from "./part.ts";

export type Program = {
  readonly name: string;
  readonly for: string;
  /** All of them must be there. */
  readonly programs: readonly [string, ...string[]];
  readonly packages: readonly string[];
  /** Folders to look in before those of PATH. */
  readonly folders?: () => Promise<readonly string[]>;
};

export function programPart({ name, for: use, programs, packages, folders }: Program): Part {
  const missing = async () => {
    const places = (await folders?.()) ?? [];
    const found = await Promise.all(programs.map((program) => findProgram(program, places)));
    return { first: found[0] ?? "", names: programs.filter((_, index) => found[index] === null) };
  };
  return {
    name,
    for: use,
    packages,
    isInstalled: async () => (await missing()).names.length === 0,
    start: async () => {
      const { first, names } = await missing();
      if (names.length === 0) return { there: true, what: first };
      return { there: false, how: `no ${names.join(", ")} here: apt-get install ${packages.join(" ")}` };
    },
  };
}

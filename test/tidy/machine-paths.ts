// Paths of one machine have no place in a project that runs on every machine.
import type { Breach } from "./parse.ts";

// Not after a letter, dot or slash: `net/work` and `../root` are no paths of a machine.
const places = /(?:(?<=file:\/\/)|(?<![\w.~/$}-]))\/(?:work|root|tmp|home)(?:\/[\w.~/-]*)?(?![\w-])/g;

/** `file` → the paths in it that are meant, and why. */
export type Meant = Readonly<Record<string, { readonly paths: RegExp; readonly why: string }>>;

export function checkPaths(file: string, text: string, meant: Meant = {}): readonly Breach[] {
  return [...text.matchAll(places)].flatMap((match) => {
    if (meant[file]?.paths.test(match[0]) === true) return [];
    const line = text.slice(0, match.index).split("\n").length;
    return [{ file, line, what: `${match[0]} is a path of one machine` }];
  });
}

// What no section can see by itself: two parts of the config that contradict each other.
import type { Path } from "./errors.ts";
import { pathText } from "./errors.ts";
import { isWithin, resolvePath } from "./path-text.ts";
import type { Leaf } from "./shape.ts";
import { type Listen, pathTitles, titles } from "./values.ts";

export type Contradiction = { readonly path: Path; readonly what: string; readonly fix: string };
type Check = (leaves: readonly Leaf[]) => readonly Contradiction[];

/** Any folder does: what matters is how the paths lie to each other. */
const base = "/base";
const wildcards = ["0.0.0.0", "::"];

/** Each looks at the values that are right so far, of whatever driver, so that nothing hides behind another mistake. */
const checks: readonly Check[] = [listenClashes, pathsInState, sharedDatabases];

export function contradictions(leaves: readonly Leaf[]): readonly Contradiction[] {
  return checks.flatMap((check) => check(leaves));
}

function listenClashes(leaves: readonly Leaf[]): readonly Contradiction[] {
  const all = leaves.filter((leaf) => leaf.title === titles.listen);
  return clashes(all, (a, b) => sameAddress(a.value as Listen, b.value as Listen)).map(([first, second]) => {
    const what = `port ${(second.value as Listen).port} is taken by \`${pathText(first.path)}\``;
    return { path: second.path, what, fix: "write another port in one of the two" };
  });
}

function sameAddress(a: Listen, b: Listen): boolean {
  return a.port === b.port && sameHost(a.host, b.host);
}

function sameHost(a: string, b: string): boolean {
  const plain = (host: string) => (host === "localhost" ? "127.0.0.1" : host.toLowerCase());
  return plain(a) === plain(b) || wildcards.includes(a) || wildcards.includes(b);
}

function pathsInState(leaves: readonly Leaf[]): readonly Contradiction[] {
  const state = leaves.find((leaf) => leaf.path.length === 1 && leaf.path[0] === "state");
  if (!state) return [];
  const folder = resolvePath(base, String(state.value));
  return leaves
    .filter((leaf) => leaf !== state && pathTitles.includes(leaf.title))
    .filter((leaf) => isWithin(folder, resolvePath(base, String(leaf.value))))
    .map((leaf) => ({
      path: leaf.path,
      what: `this lies in the \`state\` folder (${String(state.value)}), which belongs to Lastgood`,
      fix: "write another path here, or another folder for `state`",
    }));
}

/** Two environments on one database: a restore of one would take the other back in time. */
function sharedDatabases(leaves: readonly Leaf[]): readonly Contradiction[] {
  const files = leaves.filter((leaf) => leaf.path[2] === "database" && leaf.path[3] === "file");
  const place = (leaf: Leaf) => resolvePath(base, String(leaf.value));
  return clashes(files, (a, b) => place(a) === place(b)).map(([first, second]) => ({
    path: second.path,
    what: `this is also the database of \`${pathText(first.path.slice(0, 2))}\``,
    fix: "give each environment a database of its own",
  }));
}

/** Each that clashes with one before it, with the first such: a thousand of a kind are not a million pairs. */
function clashes(
  leaves: readonly Leaf[],
  clash: (a: Leaf, b: Leaf) => boolean,
): readonly (readonly [Leaf, Leaf])[] {
  return leaves.flatMap((second, i) => {
    const first = leaves.slice(0, i).find((earlier) => clash(earlier, second));
    return first ? [[first, second] as const] : [];
  });
}

// What was meant by a key that is not known: a near one in its place, or the same one where it belongs.
import { type Path, pathText } from "./errors.ts";
import { editDistance, nearest, sameLetters } from "./nearest.ts";
import { type Field, fieldsBelow } from "./shape.ts";

const listedKeys = 14;

export type Guess = {
  /** The near key of the same map; null where the key belongs elsewhere or nowhere. */
  readonly sibling: string | null;
  readonly suggestion: string | null;
  readonly fix: string;
};

/** `taken` are the keys that the map has already: the one meant is rather one that is missing. */
export function guessKey(
  root: Field,
  path: Path,
  key: string,
  known: readonly string[],
  taken: ReadonlySet<string>,
): Guess {
  const sibling = nearest(key, [...known.filter((name) => !taken.has(name)), ...known]);
  const elsewhere = sibling !== null && near(key, sibling) ? null : placeOf(root, path, key);
  if (elsewhere) {
    const parent = pathText(elsewhere.slice(0, -1));
    const fix = parent === "" ? "move it to the top level of the file" : `move it to \`${parent}\``;
    return { sibling: null, suggestion: pathText(elsewhere), fix };
  }
  if (sibling === null) {
    const names = known.slice(0, listedKeys).join(", ");
    return {
      sibling,
      suggestion: null,
      fix: `remove it, or begin it with x- to keep it as a note; keys here: ${names}`,
    };
  }
  const fix = taken.has(sibling) ? `remove it: \`${sibling}\` is there already` : `write \`${sibling}\``;
  return { sibling, suggestion: sibling, fix };
}

/** Where a key of this name is known, nearest to `path` first; names on the shared way are filled in. */
function placeOf(root: Field, path: Path, key: string): readonly string[] | null {
  let best: { readonly place: readonly string[]; readonly shared: number } | null = null;
  for (const [place] of fieldsBelow(root)) {
    const last = place.at(-1) ?? "";
    if (last === "<name>" || last === "[]" || !sameLetters(last, key)) continue;
    const shared = sharedWay(place, path);
    if (
      best === null ||
      shared > best.shared ||
      (shared === best.shared && place.length < best.place.length)
    ) {
      best = { place, shared };
    }
  }
  return (
    best?.place.map((part, i) => (i < best.shared && part === "<name>" ? String(path[i]) : part)) ?? null
  );
}

function sharedWay(place: readonly string[], path: Path): number {
  const differs = place.findIndex((part, i) => {
    if (i >= path.length) return true;
    return part === "<name>"
      ? typeof path[i] !== "string"
      : part === "[]"
        ? typeof path[i] !== "number"
        : part !== path[i];
  });
  return differs === -1 ? place.length : differs;
}

/** One edit, or the same letters spelt otherwise: nearer than any key elsewhere. */
function near(key: string, sibling: string): boolean {
  return sameLetters(key, sibling) || editDistance(key, sibling) <= 1;
}

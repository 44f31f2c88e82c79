// Walks the file beside its schema: every mistake is said in our own words, at its place, and what is right is kept.
import type { Mistake, Path, Span } from "./errors.ts";
import { quote } from "./errors.ts";
import { nearest } from "./nearest.ts";
import type { Field, Shape } from "./shape.ts";
import { guessKey } from "./suggest.ts";
import { literalSecret, missing, refusal, type Trouble, troubleOf, wrongType } from "./trouble.ts";
import { titles } from "./values.ts";
import { type Entry, locate, plain, type Tree } from "./yaml-tree.ts";

type Walk = { readonly root: Field; readonly mistakes: Mistake[] };
type MapShape = Extract<Shape, { is: "map" }>;

/**
 * All mistakes of a tree, and the draft: the config with defaults, less every value that is wrong or missing.
 * Checks across sections read the draft, so that one mistake does not hide another.
 */
export function explain(
  root: Field,
  tree: Tree,
): { readonly draft: unknown; readonly mistakes: readonly Mistake[] } {
  const walk: Walk = { root, mistakes: [] };
  const draft = visit(walk, root, { key: { start: 0, end: 0 }, value: tree }, []);
  return { draft, mistakes: walk.mistakes };
}

function visit(walk: Walk, field: Field, entry: Entry, path: Path): unknown {
  const { shape } = field;
  const tree = entry.value;
  if (shape.is === "anything") return undefined;
  if (shape.is === "value") return visitValue(walk, field, entry, path);
  if ((shape.is === "list") !== (tree.is === "list") || tree.is === "value") {
    report(walk, path, tree.span, wrongType(field, tree));
    return undefined;
  }
  const before = walk.mistakes.length;
  const draft = visitInside(walk, shape, entry, path);
  // What a section says of itself as a whole (zod's refinements) makes sense only when its parts are right.
  if (walk.mistakes.length === before) reportRefinements(walk, field, entry, path);
  return draft;
}

function visitInside(walk: Walk, shape: Shape, entry: Entry, path: Path): unknown {
  const tree = entry.value;
  if (shape.is === "list" && tree.is === "list") {
    return tree.items.map((item, i) =>
      visit(walk, shape.each, { key: item.span, value: item }, [...path, i]),
    );
  }
  if (tree.is !== "map") return undefined;
  if (shape.is === "names") return visitNames(walk, shape, tree.entries, path);
  if (shape.is === "choice") return visitMap(walk, chosen(shape, tree), entry, path);
  return shape.is === "map" ? visitMap(walk, shape, entry, path) : undefined;
}

function visitNames(
  walk: Walk,
  shape: Extract<Shape, { is: "names" }>,
  entries: ReadonlyMap<string, Entry>,
  path: Path,
) {
  const draft: [string, unknown][] = [];
  for (const [name, entry] of entries) {
    const here = [...path, name];
    const [issue] = shape.name.schema.safeParse(name).error?.issues ?? [];
    if (issue) report(walk, here, entry.key, troubleOf(shape.name, issue, name));
    draft.push([name, visit(walk, shape.each, entry, here)]);
  }
  return Object.fromEntries(draft);
}

function visitMap(walk: Walk, shape: MapShape, owner: Entry, path: Path): unknown {
  const entries = owner.value.is === "map" ? owner.value.entries : new Map<string, Entry>();
  const draft: [string, unknown][] = [];
  const misspelt = visitUnknown(walk, shape, entries, path);
  for (const [key, field] of shape.keys) {
    const entry = entries.get(key);
    if (entry) draft.push([key, visit(walk, field, entry, [...path, key])]);
    else if (field.fallback !== undefined) draft.push([key, field.schema.safeParse(undefined).data]);
    else if (field.required && !misspelt.has(key))
      report(walk, [...path, key], owner.key, missing(key, field));
  }
  return Object.fromEntries(draft);
}

/** Report keys that are not known. Returns those that were meant: they are not reported as missing, too. */
function visitUnknown(
  walk: Walk,
  shape: MapShape,
  entries: ReadonlyMap<string, Entry>,
  path: Path,
): ReadonlySet<string> {
  const known = [...shape.keys.keys()];
  const taken = new Set(known.filter((key) => entries.has(key)));
  const misspelt = new Set<string>();
  for (const [key, entry] of entries) {
    if (shape.keys.has(key)) continue;
    const { sibling, suggestion, fix } = guessKey(walk.root, path, key, known, taken);
    report(walk, [...path, key], entry.key, {
      what: `${quote(key)} is not a known key here`,
      fix,
      suggestion,
    });
    if (sibling === null || taken.has(sibling) || misspelt.has(sibling)) continue;
    misspelt.add(sibling);
    // Below a misspelt key there may be more to say.
    const field = shape.keys.get(sibling);
    if (field) visit(walk, field, entry, [...path, key]);
  }
  return misspelt;
}

/** The keys by which a map with a kind is read; where the kind is not known, keys of all kinds, unchecked. */
function chosen(shape: Extract<Shape, { is: "choice" }>, tree: Extract<Tree, { is: "map" }>): MapShape {
  const kind = tree.entries.get(shape.by)?.value;
  const written = kind?.is === "value" && typeof kind.value === "string" ? kind.value : "";
  const [only] = shape.options.size === 1 ? shape.options.values() : [];
  const field =
    shape.options.get(written) ?? only ?? shape.options.get(nearest(written, shape.options.keys()) ?? "");
  if (field?.shape.is === "map") return field.shape;
  const keys = new Map<string, Field>();
  for (const option of shape.options.values()) {
    if (option.shape.is !== "map") continue;
    for (const [key, value] of option.shape.keys) {
      const unread = { ...value, required: false, fallback: undefined, shape: { is: "anything" as const } };
      if (!keys.has(key)) keys.set(key, key === shape.by ? value : unread);
    }
  }
  return { is: "map", keys };
}

function visitValue(walk: Walk, field: Field, entry: Entry, path: Path): unknown {
  const tree = entry.value;
  const secret = field.title === titles.variable ? literalSecret(String(path.at(-1)), tree) : null;
  if (secret) {
    report(walk, path, tree.span, secret);
    return undefined;
  }
  const parsed = field.schema.safeParse(plain(tree));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const refused = issue && tree.is === "value" && tree.value !== null;
  report(
    walk,
    path,
    tree.span,
    refused ? troubleOf(field, issue, tree.value, tree.text) : wrongType(field, tree),
  );
  return undefined;
}

function reportRefinements(walk: Walk, field: Field, entry: Entry, path: Path): void {
  for (const issue of field.schema.safeParse(plain(entry.value)).error?.issues ?? []) {
    const inside = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
    const at = locate(entry, inside);
    report(walk, [...path, ...inside], at.key, refusal(field, issue));
  }
}

function report(walk: Walk, path: Path, span: Span, trouble: Trouble): void {
  walk.mistakes.push({ path, span, suggestion: null, ...trouble });
}

// Text to a tree of values with their places: YAML 1.2 core schema, aliases unfolded within limits, `x-` keys left out.
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
} from "yaml";
import type { Mistake, Path, Span } from "./errors.ts";
import { quote } from "./errors.ts";
import { yamlWords } from "./yaml-words.ts";

/** A config is a few kilobytes; a megabyte is a wrong file. */
const fileCharacters = 128 * 1024;
/** After unfolding aliases: what stops "billion laughs". */
export const treeValues = 10_000;
export const treeDepth = 32;

export type Tree =
  | { readonly is: "map"; readonly span: Span; readonly entries: ReadonlyMap<string, Entry> }
  | { readonly is: "list"; readonly span: Span; readonly items: readonly Tree[] }
  /** `text` is how it was written: `1.10` for the number 1.1. */
  | {
      readonly is: "value";
      readonly span: Span;
      readonly value: string | number | boolean | null;
      readonly text: string;
    };
/** A value and the place of its key; of the list item itself where there is no key. */
export type Entry = { readonly key: Span; readonly value: Tree };

type Reader = {
  readonly lines: LineCounter;
  readonly mistakes: Mistake[];
  readonly anchors: Map<string, Node>;
  /** Anchored values that are being read: an alias to one of them would go in circles. */
  readonly open: Set<Node>;
  /** Anchored values seen so far: unfolding one again must not bring back a name that was given anew since. */
  readonly anchored: Set<Node>;
  values: number;
  full: boolean;
};

/** Read text. The tree is null where the text is no YAML; otherwise what could be read, beside the mistakes. */
export function readTree(text: string): {
  readonly tree: Tree | null;
  readonly mistakes: readonly Mistake[];
} {
  const top = { start: 0, end: 0 };
  if (text.length > fileCharacters) {
    const what = `the file has ${text.length} characters; a config has at most ${fileCharacters}`;
    return {
      tree: null,
      mistakes: [{ path: [], span: top, what, fix: "look whether this is the right file", suggestion: null }],
    };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    version: "1.2",
    schema: "core",
    stringKeys: true,
    uniqueKeys: false,
    prettyErrors: false,
  });
  const syntax = syntaxMistakes(document, text);
  if (syntax.length > 0) return { tree: null, mistakes: syntax };
  const reader: Reader = {
    lines,
    mistakes: [],
    anchors: new Map(),
    open: new Set(),
    anchored: new Set(),
    values: 0,
    full: false,
  };
  const tree = readNode(reader, document.contents, top, [], 0);
  return { tree, mistakes: reader.mistakes };
}

/** The value as plain data. Safe against `__proto__`: such keys never get into the tree. */
export function plain(tree: Tree): unknown {
  if (tree.is === "value") return tree.value;
  if (tree.is === "list") return tree.items.map(plain);
  return Object.fromEntries([...tree.entries].map(([key, entry]) => [key, plain(entry.value)]));
}

/** The key (or list item) that a path leads to; the nearest one above it where the path ends in nothing. */
export function locate(root: Entry, path: Path): Entry {
  let here = root;
  for (const part of path) {
    const { value } = here;
    if (value.is === "map") here = value.entries.get(String(part)) ?? here;
    if (value.is === "list") {
      const item = value.items[Number(part)];
      if (item) here = { key: item.span, value: item };
    }
    if (here.value === value) break;
  }
  return here;
}

/** One a line: what follows on the same line is mostly an echo of the first. */
function syntaxMistakes(document: Document, text: string): readonly Mistake[] {
  const byLine = new Map<number, Mistake>();
  for (const { code, message, pos } of [...document.errors, ...document.warnings]) {
    const start = Math.min(pos[0], text.length);
    const lineStart = text.lastIndexOf("\n", start - 1) + 1;
    const mistake = { path: [], span: { start, end: pos[1] }, ...yamlWords(code, message), suggestion: null };
    if (!byLine.has(lineStart)) byLine.set(lineStart, mistake);
  }
  const version = document.directives?.yaml;
  if (version?.explicit && version.version !== "1.2") {
    const start = Math.max(0, text.indexOf("%YAML"));
    const span = { start, end: start + "%YAML 1.1".length };
    const what = `YAML ${version.version} reads words and numbers in another way; this file is read as 1.2`;
    byLine.set(-1, { path: [], span, what, fix: "remove the %YAML line", suggestion: null });
  }
  return [...byLine.values()];
}

function readNode(reader: Reader, node: unknown, owner: Span, path: Path, depth: number): Tree {
  const span = spanOf(node) ?? owner;
  const nothing: Tree = { is: "value", span, value: null, text: "" };
  if (isAlias(node)) return readAlias(reader, node.source, span, path, depth);
  if (reader.values++ >= treeValues || depth > treeDepth) return overflow(reader, span, path, depth, nothing);
  if (!isMap(node) && !isSeq(node) && !isScalar(node)) return nothing;
  if (node.anchor && !reader.anchored.has(node)) reader.anchors.set(node.anchor, node);
  reader.anchored.add(node);
  if (isScalar(node)) return scalar(node.value, node.source, span);
  reader.open.add(node);
  const tree: Tree = isMap(node)
    ? { is: "map", span, entries: readEntries(reader, node.items, span, path, depth) }
    : {
        is: "list",
        span,
        items: node.items.map((item, i) => readNode(reader, item, span, [...path, i], depth + 1)),
      };
  reader.open.delete(node);
  return tree;
}

function readAlias(reader: Reader, name: string, span: Span, path: Path, depth: number): Tree {
  const nothing: Tree = { is: "value", span, value: null, text: "" };
  const target = reader.anchors.get(name);
  const report = (what: string, fix: string) =>
    reader.mistakes.push({ path, span, what, fix, suggestion: null });
  if (target === undefined)
    report(`${quote(`*${name}`)} names no anchor above it`, `write &${name} before the value that is meant`);
  else if (reader.open.has(target))
    report(`${quote(`*${name}`)} stands inside the value that it names`, "write the value out");
  else return readNode(reader, target, span, path, depth);
  return nothing;
}

/** Said once: where there is too much, more of the same is no news. */
function overflow(reader: Reader, span: Span, path: Path, depth: number, nothing: Tree): Tree {
  if (reader.full) return nothing;
  reader.full = true;
  const what =
    depth > treeDepth
      ? `this is nested deeper than ${treeDepth} levels`
      : `with its aliases written out, the file has more than ${treeValues} values`;
  reader.mistakes.push({
    path: path.slice(0, 8),
    span,
    what,
    fix: "write out only what is needed",
    suggestion: null,
  });
  return nothing;
}

function readEntries(
  reader: Reader,
  pairs: readonly Pair[],
  owner: Span,
  path: Path,
  depth: number,
): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const pair of pairs) {
    const name = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
    const key = spanOf(pair.key) ?? owner;
    // Also read where it is left out: the anchors in it are used elsewhere.
    const value = readNode(reader, pair.value, key, [...path, name], depth + 1);
    if (name.startsWith("x-")) continue;
    const trouble = keyTrouble(reader, name, entries);
    if (trouble) reader.mistakes.push({ path: [...path, name], span: key, ...trouble, suggestion: null });
    else entries.set(name, { key, value });
  }
  return entries;
}

function keyTrouble(reader: Reader, name: string, entries: ReadonlyMap<string, Entry>) {
  const first = entries.get(name);
  if (first) {
    const { line } = reader.lines.linePos(first.key.start);
    return { what: `${quote(name)} stands here twice; first on line ${line}`, fix: "remove one of the two" };
  }
  if (name === "__proto__") return { what: "`__proto__` cannot be a key", fix: "remove it" };
  if (name === "<<") {
    const fix = "write the keys out, or write one alias as the whole value";
    return { what: "`<<` merges nothing: YAML 1.2 has no merge keys", fix };
  }
  return null;
}

function scalar(value: unknown, source: string | undefined, span: Span): Tree {
  const known =
    typeof value === "string" || typeof value === "number" || typeof value === "boolean" || value === null;
  const text = source ?? String(value);
  return { is: "value", span, value: known ? value : text, text };
}

function spanOf(node: unknown): Span | null {
  const range = isAlias(node) || isMap(node) || isSeq(node) || isScalar(node) ? node.range : null;
  return range ? { start: range[0], end: Math.max(range[0] + 1, range[1]) } : null;
}

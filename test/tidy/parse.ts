// A source file as a syntax tree, by the parser that vitest brings along: comments and strings cannot fool it.
import { parseAst } from "vitest/node";

export type Node = {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
};

export type Source = {
  /** Relative to the repository, with `/`. */
  readonly file: string;
  readonly text: string;
  readonly nodes: readonly Visit[];
};

/** A node, where it stands in, and the field there that holds it. */
export type Visit = { readonly node: Node; readonly within: Visit | null; readonly field: string };

/** Throws where the text is no TypeScript. */
export function parse(file: string, text: string): Source {
  const lang = /\.d\.m?ts$/.test(file) ? "dts" : /\.m?ts$/.test(file) ? "ts" : "js";
  const tree = parseAst(text, { lang }, file) as unknown as Node;
  const nodes: Visit[] = [];
  visit({ node: tree, within: null, field: "" }, nodes);
  return { file, text, nodes };
}

function visit(here: Visit, into: Visit[]): void {
  into.push(here);
  for (const [field, value] of Object.entries(here.node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) visit({ node: child, within: here, field }, into);
    }
  }
}

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}

/** First line is 1. */
export function lineAt({ text }: Pick<Source, "text">, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

export function lineCount(text: string): number {
  return text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
}

/** The name of an identifier or the text of a string literal; null for anything else. */
export function nameOf(value: unknown): string | null {
  if (!isNode(value)) return null;
  return value.type === "Identifier" ? (value["name"] as string) : textOf(value);
}

/** The text of a string literal; null for anything else. */
export function textOf(value: unknown): string | null {
  const isText = isNode(value) && value.type === "Literal" && typeof value["value"] === "string";
  return isText ? (value["value"] as string) : null;
}

/** Where a rule does not hold. */
export type Breach = { readonly file: string; readonly line: number; readonly what: string };

export function breach(source: Source, node: Node, what: string): Breach {
  return { file: source.file, line: lineAt(source, node.start), what };
}

/** One line a breach: what a failed test prints. */
export function told(breaches: readonly Breach[]): readonly string[] {
  return [...new Set(breaches.map(({ file, line, what }) => `${file}:${line} ${what}`))];
}

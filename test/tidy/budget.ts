// How long files and functions may get, and how wide a port may be.
import { importsOf } from "./bounds.ts";
import {
  type Breach,
  breach,
  isNode,
  lineAt,
  lineCount,
  type Node,
  nameOf,
  type Source,
  type Visit,
} from "./parse.ts";

export const fileLines = 400;
export const functionLines = 70;
export const portMethods = 6;

export function checkFileLength({ file, text }: Source): readonly Breach[] {
  const lines = lineCount(text);
  return lines <= fileLines
    ? []
    : [{ file, line: fileLines, what: `has ${lines} lines; ${fileLines} are the limit` }];
}

export type Length = { readonly name: string; readonly lines: number; readonly node: Node };

const functions = ["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"];

/** All functions, arrows and methods of a file. */
export function functionLengths(source: Source): readonly Length[] {
  return source.nodes.flatMap((visit) => {
    const { node } = visit;
    if (!functions.includes(node.type) || !isNode(node["body"])) return [];
    const lines = lineAt(source, node.end) - lineAt(source, node.start) + 1;
    return [{ name: nameOfFunction(visit), lines, node }];
  });
}

export function checkFunctionLength(source: Source): readonly Breach[] {
  const long = functionLengths(source).filter(({ lines }) => lines > functionLines);
  return long.map(({ name, lines, node }) =>
    breach(source, node, `${name} has ${lines} lines; ${functionLines} are the limit`),
  );
}

function nameOfFunction({ node, within }: Visit): string {
  const around = within?.node;
  return nameOf(node["id"]) ?? nameOf(around?.["id"]) ?? nameOf(around?.["key"]) ?? "a function";
}

export type Port = { readonly name: string; readonly methods: number; readonly node: Node };

/** The interfaces of a file with the number of their methods; data fields do not count. */
export function portsOf(source: Source): readonly Port[] {
  return source.nodes.flatMap(({ node }) => {
    if (node.type !== "TSInterfaceDeclaration") return [];
    const body = node["body"] as Node;
    const members = body["body"] as readonly Node[];
    return [{ name: nameOf(node["id"]) ?? "", methods: members.filter(isMethod).length, node }];
  });
}

function isMethod(member: Node): boolean {
  if (member.type === "TSMethodSignature") return true;
  const annotation = member["typeAnnotation"];
  const type = isNode(annotation) ? annotation["typeAnnotation"] : null;
  return member.type === "TSPropertySignature" && isNode(type) && type.type === "TSFunctionType";
}

/** Wider than the limit, or not as wide as the allow list says. */
export function checkPorts(source: Source, wider: Readonly<Record<string, Wide>>): readonly Breach[] {
  return portsOf(source).flatMap(({ name, methods, node }) => {
    const limit = wider[name]?.methods ?? portMethods;
    const isStale = wider[name] !== undefined && methods !== limit;
    if (isStale) return [breach(source, node, `${name} has ${methods} methods now: mend the allow list`)];
    return methods <= limit
      ? []
      : [breach(source, node, `${name} has ${methods} methods; ${limit} are the limit`)];
  });
}

export type Wide = { readonly methods: number; readonly why: string };

/** The figures of a tree: lines of files and functions, imports of files. */
export type Figures = {
  readonly fileLines: Spread;
  readonly functionLines: Spread;
  readonly imports: Spread;
};
export type Spread = { readonly p50: number; readonly p95: number; readonly max: number };

export function figures(sources: readonly Source[]): Figures {
  return {
    fileLines: spread(sources.map(({ text }) => lineCount(text))),
    functionLines: spread(sources.flatMap((source) => functionLengths(source).map(({ lines }) => lines))),
    imports: spread(sources.map((source) => importsOf(source).length)),
  };
}

/** Nearest-rank percentiles. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { p50: at(0.5), p95: at(0.95), max: at(1) };
}

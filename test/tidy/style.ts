// Constructs that the project does without.
import { type Breach, breach, isNode, lineAt, type Node, nameOf, type Source, textOf } from "./parse.ts";

/** Breaches of the style in one file of the product. */
export function checkStyle(source: Source): readonly Breach[] {
  return [...where(source, banned), ...silenced(source)];
}

/** Shells in one file, whatever it is for. */
export function checkShell(source: Source): readonly Breach[] {
  return where(source, shell);
}

function where(source: Source, wrong: (node: Node) => string | null): readonly Breach[] {
  return source.nodes.flatMap(({ node }) => {
    const what = wrong(node);
    return what === null ? [] : [breach(source, node, what)];
  });
}

function banned(node: Node): string | null {
  switch (node.type) {
    case "TSEnumDeclaration":
      return "enum: write a union of strings";
    case "ExportDefaultDeclaration":
      return "default export: give it a name";
    case "ExportSpecifier":
      return nameOf(node["exported"]) === "default" ? "default export: give it a name" : null;
    case "TSAnyKeyword":
      return "any: say what it is, or unknown";
    case "TSNonNullExpression":
      return "non-null !: check it, or assert it";
    case "Identifier":
      return evasions.includes(nameOf(node) ?? "") ? `${nameOf(node)}: hides an import` : null;
    default:
      return importStyle(node);
  }
}

/** Functions that load code past the table. */
const evasions = ["require", "createRequire", "getBuiltinModule", "eval"];

const shells = /^(?:\/(?:usr\/)?bin\/)?(?:ba|da|z|k)?sh$/;
const shellCall = /(?:^|[\s/])(?:ba|da|z|k)?sh\s+-\w*c\b/;

const direct = "a shell: run the program itself";

/** Commands are lists of arguments: nothing ever reads them as a text again. */
function shell(node: Node): string | null {
  const text = wordsOf(node);
  if (text !== null) return shellCall.test(text) ? direct : null;
  switch (node.type) {
    case "Identifier":
      return nameOf(node) === "execSync" ? direct : null;
    case "Property":
      return nameOf(node["key"]) === "shell" && !isFalse(node["value"]) ? direct : null;
    case "ArrayExpression":
      return startsShell(node["elements"] as readonly unknown[]) ? direct : null;
    default:
      return null;
  }
}

function startsShell(elements: readonly unknown[]): boolean {
  return elements.some((element, index) => {
    const next = nameOf(elements[index + 1]);
    return shells.test(textOf(element) ?? "") && next !== null && /^-\w*c$/.test(next);
  });
}

function isFalse(value: unknown): boolean {
  return isNode(value) && value.type === "Literal" && value["value"] === false;
}

/** A string, or one part of a template. */
function wordsOf(node: Node): string | null {
  return node.type === "TemplateElement" ? (node["value"] as { readonly raw: string }).raw : textOf(node);
}

function importStyle(node: Node): string | null {
  if (node.type !== "ImportDeclaration") return null;
  const from = nameOf(node["source"]) ?? "";
  if (from.startsWith(".") && !/\.m?[jt]s$/.test(from)) return `${from}: write the file's ending`;
  const specifiers = node["specifiers"] as readonly Node[];
  const isOld = specifiers.some(({ type }) => type === "ImportDefaultSpecifier") && from.startsWith(".");
  return isOld ? `${from}: import by name` : null;
}

const silence = /@ts-(?:ignore|nocheck|expect-error)/g;

/** Comments are no nodes; the words are rare enough to be looked for in the text. */
function silenced(source: Source): readonly Breach[] {
  return [...source.text.matchAll(silence)].map((match) => {
    return { file: source.file, line: lineAt(source, match.index), what: `${match[0]}: mend what it hides` };
  });
}

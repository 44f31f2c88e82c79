// Names that say nothing: what such a thing does is worth a word of its own.
import { basename } from "node:path";
import { type Breach, breach, nameOf, type Source } from "./parse.ts";

const inTypes = /(?:Manager|Helper|Helpers|Util|Utils|Service|Services|Handler|Handlers)$/;
const inFiles = [
  "manager",
  "helper",
  "helpers",
  "util",
  "utils",
  "service",
  "services",
  "handler",
  "handlers",
];
const kebab = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z]+)*$/;

/** `file name` → why it may be called so. */
export type Allowed = Readonly<Record<string, string>>;

/** Forbidden names in one file: its own, and those of its types and classes. */
export function checkNames(source: Source, allowed: Allowed = {}): readonly Breach[] {
  const declared = source.nodes.flatMap(({ node }) => {
    const name = naming.includes(node.type) ? nameOf(node["id"]) : null;
    const isBad = name !== null && inTypes.test(name) && allowed[`${source.file} ${name}`] === undefined;
    return isBad ? [breach(source, node, `${name}: name what it does`)] : [];
  });
  return [...fileName(source.file), ...declared];
}

const naming = ["TSTypeAliasDeclaration", "TSInterfaceDeclaration", "ClassDeclaration"];

export function fileName(file: string): readonly Breach[] {
  const name = basename(file);
  if (!kebab.test(name)) return [{ file, line: 1, what: "file names are kebab-case" }];
  const bad = name.split(/[-.]/).find((part) => inFiles.includes(part));
  return bad === undefined ? [] : [{ file, line: 1, what: `"${bad}" in a file name: name what it does` }];
}

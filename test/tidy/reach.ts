// What a file touches of the world without importing it: clocks, chance, timers, the process.
import { isNode, type Node, nameOf, type Source, type Visit } from "./parse.ts";

export type Reach = { readonly grant: string; readonly what: string; readonly node: Node };

const timers = ["setTimeout", "setInterval", "setImmediate"];
const net = ["fetch", "WebSocket", "EventSource"];
const random = ["randomUUID", "randomBytes", "randomInt", "getRandomValues", "randomFill", "randomFillSync"];
const ending = ["exit", "exitCode", "abort", "reallyExit"];

export function reaches(source: Source): readonly Reach[] {
  const bound = boundNames(source);
  return source.nodes.flatMap((visit) => {
    const found = visit.node.type === "Identifier" ? ofName(visit, bound) : ofAsync(visit.node);
    return found ? [{ ...found, node: visit.node }] : [];
  });
}

type Found = Omit<Reach, "node">;

function ofName(visit: Visit, bound: ReadonlySet<string>): Found | null {
  const name = nameOf(visit.node) ?? "";
  if (random.includes(name)) return { grant: "random", what: name };
  if (name === "Promise" && !bound.has(name)) return { grant: "async", what: name };
  if (bound.has(name) || !isValue(visit)) return null;
  if (timers.includes(name)) return { grant: "timers", what: name };
  if (net.includes(name)) return { grant: "net", what: name };
  return ofGlobal(name, visit);
}

function ofGlobal(name: string, visit: Visit): Found | null {
  const member = memberOf(visit);
  switch (name) {
    case "Date":
      return ofDate(visit, member);
    case "performance":
      return { grant: "clock", what: name };
    case "Math":
      return member === null || member === "random" ? { grant: "random", what: "Math.random" } : null;
    case "AbortSignal":
      return member === "timeout" ? { grant: "timers", what: "AbortSignal.timeout" } : null;
    case "globalThis":
      return { grant: "globalThis", what: name };
    case "process":
      return ofProcess(member);
    default:
      return null;
  }
}

/** A date made from a given time is a way of writing it; one made from nothing reads the clock. */
function ofDate({ within, field }: Visit, member: string | null): Found | null {
  const parent = within?.node;
  const isMade = parent?.type === "NewExpression" && field === "callee";
  if (isMade && (parent["arguments"] as readonly unknown[]).length > 0) return null;
  if (member === "UTC" || member === "parse") return null;
  return { grant: "clock", what: isMade ? "new Date()" : `Date${member === null ? "" : `.${member}`}` };
}

function ofProcess(member: string | null): Found {
  if (member === null || member === "env") return { grant: "env", what: "process.env" };
  if (ending.includes(member)) return { grant: "exit", what: `process.${member}` };
  return { grant: "process", what: `process.${member}` };
}

function ofAsync(node: Node): Found | null {
  if (node.type === "AwaitExpression") return { grant: "async", what: "await" };
  return node["async"] === true ? { grant: "async", what: "async functions" } : null;
}

/** `env` for the `process` of `process.env` and `process["env"]`; null where it stands alone, or computed. */
function memberOf({ node, within, field }: Visit): string | null {
  const parent = within?.node;
  if (parent?.type !== "MemberExpression" || field !== "object") return null;
  const { property, computed } = parent;
  if (computed === true && isNode(property) && property.type !== "Literal") return null;
  return node === parent["object"] ? nameOf(property) : null;
}

/** The name is read as a value: not a type, a key, a property of something, or a name being given. */
function isValue({ within, field }: Visit): boolean {
  const parent = within?.node;
  if (!parent) return false;
  if (parent.type === "ImportSpecifier" || parent.type === "ExportSpecifier") return false;
  if (parent.type === "MemberExpression") return field === "object" || parent["computed"] === true;
  if (
    parent.type === "Property" ||
    parent.type === "PropertyDefinition" ||
    parent.type === "MethodDefinition"
  ) {
    return field === "value" || parent["computed"] === true;
  }
  return !parent.type.startsWith("TS") || asserting.includes(parent.type);
}

const asserting = ["TSAsExpression", "TSSatisfiesExpression", "TSNonNullExpression", "TSTypeQuery"];

/** Names that the file itself gives: imports, variables, parameters, functions. */
function boundNames({ nodes }: Source): ReadonlySet<string> {
  const names = new Set<string>();
  for (const visit of nodes) {
    if (visit.node.type === "Identifier" && isGiven(visit)) names.add(nameOf(visit.node) ?? "");
  }
  return names;
}

const giving: Readonly<Record<string, readonly string[]>> = {
  VariableDeclarator: ["id"],
  FunctionDeclaration: ["id", "params"],
  FunctionExpression: ["id", "params"],
  ArrowFunctionExpression: ["params"],
  ImportSpecifier: ["local"],
  ImportDefaultSpecifier: ["local"],
  ImportNamespaceSpecifier: ["local"],
  ArrayPattern: ["elements"],
  RestElement: ["argument"],
  AssignmentPattern: ["left"],
  ClassDeclaration: ["id"],
  CatchClause: ["param"],
};

function isGiven({ within, field }: Visit): boolean {
  if (!within) return false;
  const isInPattern = within.node.type === "Property" && within.within?.node.type === "ObjectPattern";
  return isInPattern ? field === "value" : giving[within.node.type]?.includes(field) === true;
}

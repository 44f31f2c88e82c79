// Turns a rule into a function, once. JSON Logic with flagd's operations, evaluated as flagd's own core does it.
// No code is made from texts: a rule becomes closures.
import { fractional } from "./fractional.ts";
import { lists } from "./lists.ts";
import { arithmetic, comparisons, texts } from "./operations.ts";
import { isNothing, RuleError, truthy } from "./values.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What one evaluation is about, beside the context. */
export type Frame = { readonly flag: string; nowS(): number };
/** `context` is the app's, or inside `map` and its like the element. */
export type Rule = (context: unknown, frame: Frame) => unknown;

export type Mode = {
  /** Not inside a list operation: the context is the app's. */
  readonly root: boolean;
  /** Parts that depend on nothing are computed at once; off while one is being computed. */
  readonly folds: boolean;
};
export type Build = (node: Json, mode: Mode) => Rule;
export type Operation = (args: Json, mode: Mode, build: Build) => Rule;

/** Throws a `RuleError` where it cannot be a rule. */
export function compile(rule: Json): Rule {
  return build(rule, { root: true, folds: true });
}

const nobody: Frame = { flag: "", nowS: () => 0 };

function build(node: Json, mode: Mode): Rule {
  if (isList(node)) return buildList(node, mode);
  if (typeof node !== "object" || node === null) return () => node;
  const [name, second] = Object.keys(node);
  if (name === undefined) return () => node;
  const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
  if (!operation || second !== undefined) throw new RuleError(`there is no operation ${name}`);
  if (mode.folds && isConstant(node, false)) {
    const value = operation(node[name] as Json, { ...mode, folds: false }, build)(undefined, nobody);
    return () => value;
  }
  return operation(node[name] as Json, mode, build);
}

function buildList(list: readonly Json[], mode: Mode): Rule {
  const parts = list.map((item) => build(item, mode));
  return (context, frame) => parts.map((part) => part(context, frame));
}

export function isList(node: unknown): node is readonly Json[] {
  return Array.isArray(node);
}

/** What does not depend on context, flag or time; its errors are errors of the whole rule, even where it is not reached. */
function isConstant(node: Json, inList: boolean): boolean {
  if (isList(node)) return node.every((item) => isConstant(item, inList));
  if (typeof node !== "object" || node === null) return true;
  const [name] = Object.keys(node);
  if (name === undefined) return true;
  const args = node[name] as Json;
  if (name === "var") return inList;
  if (dependent.has(name)) return false;
  if (name === "missing") return isList(args) && args.length === 0;
  if (overLists.has(name))
    return isList(args) && isConstant(args[0] ?? null, inList) && isConstant(args[1] ?? null, true);
  return isConstant(args, inList);
}

const dependent = new Set(["fractional", "sem_ver", "starts_with", "ends_with", "missing_some"]);
const overLists = new Set(["map", "filter", "all", "some", "none", "reduce"]);

const operations: Readonly<Record<string, Operation>> = {
  ...comparisons,
  ...arithmetic,
  ...texts,
  ...lists,
  fractional,
  var: variable,
  if: condition,
  and: (args, mode, build) => firstThat(args, mode, build, false),
  or: (args, mode, build) => firstThat(args, mode, build, true),
  "!": (args, mode, build) => negation(args, mode, build, false),
  "!!": (args, mode, build) => negation(args, mode, build, true),
};

function variable(args: Json, mode: Mode, build: Build): Rule {
  const [path, otherwise] = isList(args) ? args : [args];
  const fallback = build(otherwise ?? null, mode);
  if (typeof path === "object" && path !== null) {
    const dynamic = build(path, mode);
    return (context, frame) => {
      const found = dynamic(context, frame);
      const [name, or] = isList(found) ? found : [found];
      return readVariable(
        mode.root ? whole(context, frame) : context,
        name,
        () => or ?? fallback(context, frame),
      );
    };
  }
  if (path === undefined || path === null || path === "")
    return (context, frame) => (mode.root ? whole(context, frame) : context);
  const steps = stepsOf(String(path));
  const [only] = steps;
  if (mode.root && only === "$flagd") {
    return (context, frame) => walk(whole(context, frame), steps) ?? fallback(context, frame);
  }
  if (steps.length === 1 && only !== undefined) {
    return (context, frame) => {
      const found = isNothing(context) ? undefined : (context as Record<string, unknown>)[only];
      if (typeof found === "function") return null;
      return found === undefined ? fallback(context, frame) : found;
    };
  }
  return (context, frame) => {
    const found = walk(context, steps);
    return found === undefined ? fallback(context, frame) : found;
  };
}

function readVariable(context: unknown, name: unknown, otherwise: () => unknown): unknown {
  if (isNothing(name) || name === "") return context;
  const found = walk(context, stepsOf(String(name)));
  return found === undefined ? otherwise() : found;
}

/** Undefined where it leads nowhere. A function is nothing that a rule may see. */
function walk(context: unknown, steps: readonly string[]): unknown {
  let at = context;
  for (const step of steps) {
    if (isNothing(at)) return undefined;
    at = (at as Record<string, unknown>)[step];
  }
  return typeof at === "function" ? null : at;
}

/** Dots part it; a backslash before a dot takes that away. */
function stepsOf(path: string): readonly string[] {
  if (!path.includes("\\")) return path.split(".");
  return (path.match(/(?:\\.|[^.])+|(?<=^|\.)(?=\.|$)/g) ?? []).map((step) =>
    step.replace(/\\([.\\])/g, "$1"),
  );
}

function whole(context: unknown, { flag, nowS }: Frame): unknown {
  return { ...(context as object), $flagd: { flagKey: flag, timestamp: nowS() } };
}

function condition(args: Json, mode: Mode, build: Build): Rule {
  if (!isList(args)) throw new RuleError("if needs a list");
  const parts = args.map((item) => build(item, mode));
  if (parts.length === 1) return parts[0] as Rule;
  return (context, frame) => {
    let at = 0;
    for (; at + 1 < parts.length; at += 2)
      if (truthy(parts[at]?.(context, frame))) return parts[at + 1]?.(context, frame);
    return at < parts.length ? parts[at]?.(context, frame) : null;
  };
}

function firstThat(args: Json, mode: Mode, build: Build, wanted: boolean): Rule {
  if (!isList(args)) throw new RuleError("and, or need a list");
  const parts = args.map((item) => build(item, mode));
  return (context, frame) => {
    let value: unknown = null;
    for (const part of parts) {
      value = part(context, frame);
      if (truthy(value) === wanted) return value;
    }
    return value;
  };
}

function negation(args: Json, mode: Mode, build: Build, twice: boolean): Rule {
  const part = build(isList(args) ? (args[0] ?? null) : args, mode);
  return (context, frame) => {
    const value = part(context, frame);
    return truthy(Array.isArray(value) ? value[0] : value) === twice;
  };
}

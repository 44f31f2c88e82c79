// Operations on lists, and what is missing from the context.
import type { Build, Json, Mode, Operation, Rule } from "./compile.ts";
import { parts } from "./operations.ts";
import { RuleError, truthy } from "./values.ts";

type Each = (list: readonly unknown[], test: (item: unknown) => unknown) => unknown;

/** The second argument is a rule whose context is the element. */
function over(each: Each): Operation {
  return (args, mode, build) => {
    const [selector, rule] = ends(args, mode, build);
    return (context, frame) => {
      return each(list(selector(context, frame)), (item) => rule(item, frame));
    };
  };
}

function ends(args: Json, mode: Mode, build: Build): readonly [Rule, Rule] {
  const [selector, rule] = Array.isArray(args) ? (args as readonly Json[]) : [];
  return [build(selector ?? null, mode), build(rule ?? null, { ...mode, root: false })];
}

function list(value: unknown): readonly unknown[] {
  if (!value) return [];
  if (Array.isArray(value)) return value;
  throw new RuleError("not a list");
}

export const lists: Readonly<Record<string, Operation>> = {
  in(args, mode, build) {
    const [item, all] = parts(args, mode, build);
    return (context, frame) => {
      const found = item?.(context, frame);
      const within = all?.(context, frame) || [];
      if (typeof within === "string") return within.includes(String(found));
      return list(within).includes(found);
    };
  },
  merge(args, mode, build) {
    const all = parts(args, mode, build);
    return (context, frame) => all.flatMap((part) => part(context, frame));
  },
  map: over((all, rule) => all.map(rule)),
  filter: over((all, rule) => all.filter((item) => truthy(rule(item)))),
  some: over((all, rule) => all.some((item) => truthy(rule(item)))),
  none: over((all, rule) => !all.some((item) => truthy(rule(item)))),
  // Of nothing not all are so.
  all: over((all, rule) => all.length > 0 && all.every((item) => truthy(rule(item)))),
  reduce(args, mode, build) {
    const [selector, rule] = ends(args, mode, build);
    const start = build(((args as readonly Json[])[2] ?? null) as Json, mode);
    return (context, frame) =>
      list(selector(context, frame)).reduce(
        (accumulator, current) => flat(rule({ accumulator, current }, frame)),
        flat(start(context, frame)),
      );
  },
  missing(args, mode, build) {
    const all = parts(args, mode, build);
    return (context, frame) => {
      const named = all.map((part) => part(context, frame));
      return missing(all.length === 1 && Array.isArray(named[0]) ? named[0] : named, context);
    };
  },
  missing_some(args, mode, build) {
    const [least, names] = parts(args, mode, build);
    return (context, frame) => {
      const wanted = list(names?.(context, frame));
      const gone = missing(wanted, context);
      return wanted.length - gone.length >= Number(least?.(context, frame)) ? [] : gone;
    };
  },
};

/** A fold may not pile up lists in lists without end. */
function flat(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Object.values(value).some((item) => typeof item === "object" && item !== null))
    throw new RuleError("nested deeper than a fold may");
  return value;
}

function missing(names: readonly unknown[], context: unknown): readonly unknown[] {
  return names.filter((name) => {
    let at = context;
    for (const step of String(name).split(".")) {
      if (!at) return true;
      at = (at as Record<string, unknown>)[step];
      if (at === undefined) return true;
    }
    return false;
  });
}

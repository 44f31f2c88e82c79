// Comparisons, arithmetic and texts.
import type { Build, Json, Mode, Operation, Rule } from "./compile.ts";
import { compareLoosely, isNothing, known, number, RuleError } from "./values.ts";
import { compareVersions } from "./versions.ts";

/** The arguments as rules; a single one may stand without a list. */
export function parts(args: Json, mode: Mode, build: Build): readonly Rule[] {
  return (Array.isArray(args) ? (args as readonly Json[]) : [args]).map((item) => build(item, mode));
}

type Compare = (a: never, b: never) => boolean;

function comparison(compare: Compare, strict = false): Operation {
  return (args, mode, build) => {
    const [left, right, third] = parts(args, mode, build);
    if (!left || !right) throw new RuleError("a comparison needs two sides");
    const two = (a: unknown, b: unknown) =>
      strict ? compare(a as never, b as never) : compareLoosely(compare, a, b);
    if (!third) return (context, frame) => two(left(context, frame), right(context, frame));
    return (context, frame) => {
      const middle = right(context, frame);
      return two(left(context, frame), middle) && two(middle, third(context, frame));
    };
  };
}

export const comparisons: Readonly<Record<string, Operation>> = {
  // biome-ignore lint/suspicious/noDoubleEquals: this operation is the loose one
  "==": comparison((a: unknown, b: unknown) => a == b),
  "===": comparison((a: unknown, b: unknown) => a === b, true),
  // biome-ignore lint/suspicious/noDoubleEquals: this operation is the loose one
  "!=": comparison((a: unknown, b: unknown) => a != b),
  "!==": comparison((a: unknown, b: unknown) => a !== b, true),
  "<": comparison((a: number, b: number) => a < b),
  "<=": comparison((a: number, b: number) => a <= b),
  ">": comparison((a: number, b: number) => a > b),
  ">=": comparison((a: number, b: number) => a >= b),
};

function computed(compute: (numbers: readonly number[]) => number): Operation {
  return (args, mode, build) => {
    const all = parts(args, mode, build);
    return (context, frame) => known(compute(all.map((part) => number(part(context, frame)))));
  };
}

/** The first as it stands, and every one a number already. */
function extreme(pick: (...numbers: number[]) => number): Operation {
  return (args, mode, build) => {
    const all = parts(args, mode, build);
    return (context, frame) => {
      const values = all.map((part) => part(context, frame));
      if (values.length === 0 || values.some((value) => typeof value !== "number"))
        throw new RuleError("min and max need numbers");
      return pick(...(values as number[]));
    };
  };
}

function divided(a: number, b: number): number {
  if (b === 0) throw new RuleError("divided by zero");
  return a / b;
}

export const arithmetic: Readonly<Record<string, Operation>> = {
  "+": computed((all) => all.reduce((sum, one) => sum + one, 0)),
  "*": computed((all) => all.reduce((product, one) => product * one, 1)),
  "-": computed((all) => (all.length === 1 ? -(all[0] ?? 0) : all.reduce((a, b) => a - b))),
  "/": computed((all) => all.reduce(divided)),
  "%": computed((all) => all.reduce((a, b) => a % b)),
  min: extreme(Math.min),
  max: extreme(Math.max),
};

function ofTwoTexts(test: (text: string, piece: string) => boolean): Operation {
  return (args, mode, build) => {
    const [left, right] = parts(args, mode, build);
    return (context, frame) => {
      const text = left?.(context, frame);
      const piece = right?.(context, frame);
      return typeof text === "string" && typeof piece === "string" ? test(text, piece) : null;
    };
  };
}

export const texts: Readonly<Record<string, Operation>> = {
  starts_with: ofTwoTexts((text, piece) => text.startsWith(piece)),
  ends_with: ofTwoTexts((text, piece) => text.endsWith(piece)),
  sem_ver(args, mode, build) {
    const [left, sign, right] = parts(args, mode, build);
    return (context, frame) =>
      compareVersions(left?.(context, frame), String(sign?.(context, frame)), right?.(context, frame));
  },
  cat(args, mode, build) {
    const all = parts(args, mode, build);
    const [only] = all;
    return (context, frame) => {
      if (all.length !== 1) return joined(all.map((part) => part(context, frame)));
      const value = only?.(context, frame);
      if (isNothing(value)) throw new RuleError("cat of nothing");
      return Array.isArray(value) ? joined(value) : String(value);
    };
  },
  substr(args, mode, build) {
    const [text, from, length] = parts(args, mode, build);
    return (context, frame) =>
      piece(text?.(context, frame), from?.(context, frame) as number, length?.(context, frame) as number);
  },
};

function joined(values: readonly unknown[]): string {
  return values.reduce<string>((text, value) => (isNothing(value) ? text : text + value), "");
}

/** A negative length leaves out that many letters at the end. */
function piece(text: unknown, from: number, length: number | undefined): string {
  if (typeof text !== "string") throw new RuleError("substr needs a text");
  const start = Math.trunc(Number(from)) || 0;
  const begin = start < 0 ? Math.max(0, text.length + start) : start;
  if (length === undefined) return text.slice(begin);
  const rest = text.slice(begin);
  if (length < 0) return rest.slice(0, Math.max(0, rest.length + Math.trunc(length)));
  return rest.slice(0, Math.trunc(Number(length)) || 0);
}

// What JSON Logic calls true, a number, and comparable. Every rule here is flagd's; the property test holds us to it.

/** A rule that cannot be evaluated: the flag then has its safe value, or the app's own default. */
export class RuleError extends Error {
  override name = "RuleError";
}

/** Empty lists and empty maps are false as well. */
export function truthy(value: unknown): boolean {
  if (!value) return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value !== "object" || Object.keys(value).length > 0;
}

export function isNothing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

export function number(value: unknown): number {
  if (typeof value === "number" && !Number.isNaN(value)) return value;
  if (Number.isNaN(value) || (typeof value === "object" && value !== null))
    throw new RuleError("not a number");
  return Number(value);
}

/** A result that is no number is an error. */
export function known(result: number): number {
  if (Number.isNaN(result)) throw new RuleError("not a number");
  return result;
}

type Compare = (a: never, b: never) => boolean;
const isText = (value: unknown) => typeof value === "string" || value === null;

/** Texts as texts; otherwise both sides become numbers, and what is none is an error. */
export function compareLoosely(compare: Compare, a: unknown, b: unknown): boolean {
  if (isText(a) && isText(b)) return compare(a as never, b as never);
  const [left, right] = [number(a), number(b)];
  if (Number.isNaN(left) || (Number.isNaN(right) && a !== null)) throw new RuleError("cannot be compared");
  return compare(left as never, right as never);
}

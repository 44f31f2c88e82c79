// Checks a rule before anybody evaluates it: operations that exist, variants that exist, no way to a prototype.
import type { Json } from "../json.ts";
import { isMap, type Say } from "./mistake.ts";

/** How many arguments an operation takes; what every client of ours evaluates like flagd does. */
const operations: Readonly<Record<string, readonly [least: number, most: number]>> = {
  var: [0, 2],
  missing: [0, 99],
  missing_some: [2, 2],
  if: [1, 999],
  "==": [2, 2],
  "===": [2, 2],
  "!=": [2, 2],
  "!==": [2, 2],
  "<": [2, 3],
  "<=": [2, 3],
  ">": [2, 2],
  ">=": [2, 2],
  and: [1, 999],
  or: [1, 999],
  "!": [1, 1],
  "!!": [1, 1],
  in: [2, 2],
  cat: [1, 99],
  substr: [2, 3],
  "+": [1, 99],
  "-": [1, 2],
  "*": [1, 99],
  "/": [2, 2],
  "%": [2, 2],
  min: [1, 99],
  max: [1, 99],
  merge: [1, 99],
  all: [2, 2],
  some: [2, 2],
  none: [2, 2],
  map: [2, 2],
  filter: [2, 2],
  reduce: [3, 3],
  starts_with: [2, 2],
  ends_with: [2, 2],
  sem_ver: [3, 3],
  fractional: [1, 999],
};
const semverSigns = ["=", "!=", "<", "<=", ">", ">=", "^", "~"];
const wayToPrototype = /(^|\.)(__proto__|constructor|prototype)(\.|$)|\.\.\//;

export function checkTargeting(rule: Json, where: string, variants: readonly string[], say: Say): void {
  checkNode(rule, where, say);
  for (const literal of results(rule)) {
    if (variants.includes(literal)) continue;
    say(where, `it can end in "${literal}", which is no variant`, `use one of: ${variants.join(", ")}`);
  }
}

function checkNode(node: Json, where: string, say: Say): void {
  if (Array.isArray(node)) {
    for (const [index, item] of node.entries()) checkNode(item, `${where}[${index}]`, say);
    return;
  }
  if (!isMap(node)) return;
  const [name, second] = Object.keys(node);
  if (name === undefined || second !== undefined) {
    say(where, "a part of a rule must have exactly one operation", "split it with and, or, if");
    return;
  }
  const bounds = Object.hasOwn(operations, name) ? operations[name] : undefined;
  if (!bounds) {
    say(where, `there is no operation "${name}"`, `there are: ${Object.keys(operations).join(", ")}`);
    return;
  }
  const given = node[name] ?? null;
  const count = Array.isArray(given) ? given.length : 1;
  const at = `${where}.${name}`;
  if (!isMap(given) && (count < bounds[0] || count > bounds[1]))
    say(at, `"${name}" has ${count} arguments`, `write ${bounds[0]} to ${bounds[1]}`);
  checkArguments(name, given, at, say);
  checkNode(given, at, say);
}

function checkArguments(name: string, given: Json, where: string, say: Say): void {
  const list = Array.isArray(given) ? given : [given];
  if (name === "var" && list.some((path) => typeof path === "string" && wayToPrototype.test(path)))
    say(where, "it reads what belongs to JavaScript, not to the context", "name a property of the context");
  if (name === "sem_ver" && !semverSigns.includes(String(list[1])))
    say(
      where,
      `${JSON.stringify(list[1] ?? null)} compares no versions`,
      `write one of: ${semverSigns.join(" ")}`,
    );
  if (name !== "fractional") return;
  const buckets = Array.isArray(list[0]) ? list : list.slice(1);
  if (buckets.length === 0) say(where, "there are no buckets", 'write ["on", 10], ["off", 90]');
  for (const bucket of buckets) {
    const weight = Array.isArray(bucket) ? bucket[1] : null;
    if (!Array.isArray(bucket) || bucket.length === 0 || bucket.length > 2)
      say(where, "a bucket is a list of a variant and a weight", 'write ["on", 10]');
    else if (typeof weight === "number" && !(Number.isInteger(weight) && weight >= 0))
      say(where, `the weight ${weight} is not a whole number from 0`, 'write ["on", 10]');
    else if (weight !== undefined && typeof weight !== "number" && !isMap(weight))
      say(where, "the weight is no number", 'write ["on", 10]');
  }
}

/** The texts that a rule can end in, where they stand in it literally. */
function results(node: Json): readonly string[] {
  if (typeof node === "string" || typeof node === "boolean" || typeof node === "number")
    return [String(node)];
  if (!isMap(node)) return [];
  const [name = ""] = Object.keys(node);
  const args = Array.isArray(node[name]) ? node[name] : [];
  if (name === "if") {
    const ends = args.filter((_, index) => index % 2 === 1 || (index === args.length - 1 && index > 0));
    return ends.flatMap(results);
  }
  if (name !== "fractional") return [];
  return args.flatMap((bucket) => (Array.isArray(bucket) ? results(bucket[0] ?? null) : []));
}

// `$evaluators`: rules that several flags share by name. Resolved once, so that nothing else knows of them.
import type { Json } from "../json.ts";
import { limits } from "./limits.ts";
import { isMap, type Say } from "./mistake.ts";

type Budget = { parts: number };

/** Every shared rule with the ones inside it resolved; a circle is a mistake and leaves the rule out. */
export function expandEvaluators(raw: Json, say: Say): ReadonlyMap<string, Json> {
  const done = new Map<string, Json>();
  if (!isMap(raw)) {
    say("$evaluators", "the shared rules must be a map", 'write { "<name>": { … } }');
    return done;
  }
  const bad = new Set<string>();
  const visit = (name: string, way: readonly string[]): Json | null => {
    const ready = done.get(name);
    if (ready !== undefined) return ready;
    if (bad.has(name)) return null;
    const where = `$evaluators.${way[0] ?? name}`;
    if (way.includes(name)) {
      say(
        where,
        `the shared rules go in a circle: ${[...way, name].join(" → ")}`,
        "take one of the references out",
      );
      return null;
    }
    const body = Object.hasOwn(raw, name) ? raw[name] : undefined;
    if (body === undefined) {
      say(
        where,
        `there is no shared rule "${name}"`,
        `write it under $evaluators, or one of: ${Object.keys(raw).join(", ")}`,
      );
      return null;
    }
    const resolved = walk(body, { parts: 0 }, 0, { where, say, find: (next) => visit(next, [...way, name]) });
    if (resolved === null) bad.add(name);
    else done.set(name, resolved);
    return resolved;
  };
  for (const name of Object.keys(raw)) visit(name, []);
  return done;
}

/** A flag's rule with its references resolved; null where that is not possible, which was said then. */
export function resolve(
  rule: Json,
  evaluators: ReadonlyMap<string, Json>,
  where: string,
  say: Say,
): Json | null {
  const find = (name: string): Json | null => {
    const found = evaluators.get(name);
    if (found === undefined)
      say(where, `there is no usable shared rule "${name}"`, "write it under $evaluators");
    return found ?? null;
  };
  return walk(rule, { parts: 0 }, 0, { where, say, find });
}

type Walk = { readonly where: string; readonly say: Say; find(name: string): Json | null };

function walk(node: Json, budget: Budget, depth: number, at: Walk): Json | null {
  budget.parts += 1;
  if (depth > limits.depth || budget.parts > limits.parts) {
    if (budget.parts < Number.MAX_SAFE_INTEGER) {
      const what =
        depth > limits.depth
          ? `it is nested deeper than ${limits.depth}`
          : `it has more than ${limits.parts} parts`;
      at.say(at.where, what, "make the rule simpler");
      budget.parts = Number.MAX_SAFE_INTEGER;
    }
    return null;
  }
  if (Array.isArray(node)) {
    const all: Json[] = [];
    for (const item of node) {
      const resolved = walk(item, budget, depth + 1, at);
      if (resolved === null && item !== null) return null;
      all.push(resolved);
    }
    return all;
  }
  if (!isMap(node)) return node;
  const name = node["$ref"];
  if (Object.keys(node).length === 1 && typeof name === "string") {
    const found = at.find(name);
    // Once more through the budget: what was found counts each time that it is named.
    return found === null ? null : walk(found, budget, depth + 1, at);
  }
  const entries: [string, Json][] = [];
  for (const [key, value] of Object.entries(node)) {
    const resolved = walk(value, budget, depth + 1, at);
    if (resolved === null && value !== null) return null;
    entries.push([key, resolved]);
  }
  return Object.fromEntries(entries);
}

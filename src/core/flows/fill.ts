// `{name}` in the texts of a flow becomes the variable's value. Nothing is evaluated.
import type { Json } from "../json.ts";
import { err, ok, problem, type Result } from "../result.ts";

export type Variables = Readonly<Record<string, string>>;

const slot = /\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

export function fill(text: string, variables: Variables, encode = plain): Result<string> {
  const unknown = [...text.matchAll(slot)]
    .map(([, name = ""]) => name)
    .find((name) => !Object.hasOwn(variables, name));
  if (unknown !== undefined) {
    const known = Object.keys(variables).join(", ") || "none";
    return problem("config", `{${unknown}} is not known at this step`, `Known here: ${known}.`);
  }
  return ok(text.replace(slot, (_, name: string) => encode(variables[name] ?? "")));
}

function plain(text: string): string {
  return text;
}

/** Every text in a JSON value; keys stay as they are. */
export function fillJson(value: Json, variables: Variables): Result<Json> {
  if (typeof value === "string") return fill(value, variables);
  if (value === null || typeof value !== "object") return ok(value);
  if (Array.isArray(value)) {
    const items = value.map((item) => fillJson(item, variables));
    return collected(items, (filled) => filled);
  }
  const keys = Object.keys(value);
  return collected(
    keys.map((key) => fillJson(value[key] ?? null, variables)),
    (filled) => Object.fromEntries(keys.map((key, at) => [key, filled[at] ?? null])),
  );
}

export function fillAll(texts: Variables, variables: Variables): Result<Record<string, string>> {
  const filled: Record<string, string> = {};
  for (const [key, text] of Object.entries(texts)) {
    const one = fill(text, variables);
    if (!one.ok) return one;
    filled[key] = one.value;
  }
  return ok(filled);
}

function collected(items: readonly Result<Json>[], make: (values: Json[]) => Json): Result<Json> {
  const values: Json[] = [];
  for (const item of items) {
    if (!item.ok) return err(item.error);
    values.push(item.value);
  }
  return ok(make(values));
}

// What example and reference page say about one field in the same words.
import { either, type Field } from "../shape.ts";

/** `required`, `optional` or `default 30s`. */
export function presence(field: Field): string {
  if (field.required) return "required";
  const fallback = scalarText(field.fallback);
  if (fallback !== null) return `default ${fallback}`;
  return Array.isArray(field.fallback) ? "default: none" : "optional";
}

/** What kind of value it is, with its unit; empty for maps of fixed keys, which are described key by key. */
export function unit(field: Field): string {
  const { shape } = field;
  if (shape.is === "list") return shape.each.shape.is === "value" ? "list of texts" : "list";
  if (shape.is === "names") return shape.each.shape.is === "value" ? "names and texts" : "map by name";
  if (shape.is !== "value") return "";
  return shape.words ? either(shape.words) : field.title;
}

export function scalarText(value: unknown): string | null {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : null;
}

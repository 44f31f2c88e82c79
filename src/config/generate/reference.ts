// The reference page: one table for each map of the config.
import type { Field, Shape } from "../shape.ts";
import { scalarText, unit } from "./words.ts";

/** Markdown tables for a field and everything below it, in the order of the schema. */
export function referenceTables(root: Field): string {
  return sections(root, "").join("\n");
}

function sections(field: Field, place: string): readonly string[] {
  const { shape } = field;
  if (shape.is === "map") return [...table(shape, place, ""), ...below(shape, place)];
  if (shape.is === "list") return sections(shape.each, `${place}[]`);
  if (shape.is === "names" && shape.each.shape.is !== "value") return sections(shape.each, `${place}.<name>`);
  if (shape.is !== "choice") return [];
  return [...shape.options].flatMap(([kind, option]) => {
    if (option.shape.is !== "map") return [];
    return [...table(option.shape, place, ` with \`${shape.by}: ${kind}\``), ...below(option.shape, place)];
  });
}

function below(shape: Extract<Shape, { is: "map" }>, place: string): readonly string[] {
  return [...shape.keys].flatMap(([key, child]) => sections(child, place === "" ? key : `${place}.${key}`));
}

function table(shape: Extract<Shape, { is: "map" }>, place: string, kind: string): readonly string[] {
  const rows = [...shape.keys].map(([key, field]) => {
    return `| \`${key}\` | ${cell(unit(field))} | ${cell(fallback(field))} | ${cell(field.description)} |`;
  });
  const title = place === "" ? "## The file" : `## \`${place}\`${kind}`;
  return [title, "", "| key | value | default | meaning |", "| --- | --- | --- | --- |", ...rows, ""];
}

function fallback(field: Field): string {
  if (field.required) return "required";
  const text = scalarText(field.fallback);
  if (text !== null) return `\`${text}\``;
  return field.fallback === undefined || Array.isArray(field.fallback) ? "none" : "see below";
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replace(/<(\w+)>/g, "`<$1>`");
}

// The annotated example: every key of the schema with its description, unit and default; it loads without errors.
import { stringify } from "yaml";
import type { Json } from "../../core/json.ts";
import type { Field, Shape } from "../shape.ts";
import { exampleOf } from "../trouble.ts";
import { presence, unit } from "./words.ts";

const columns = 100;
const indentation = "  ";

/** The example as YAML. Where a part can be of several kinds, the first is live and the others are commented out. */
export function exampleYaml(field: Field, heading: readonly string[]): string {
  return `${[...heading.map((line) => `# ${line}`), "", ...block(field, 0)].join("\n")}\n`;
}

/** Lines of a value that goes below its key, indented by `depth` levels. */
function block(field: Field, depth: number): readonly string[] {
  const { shape } = field;
  if (shape.is === "map") return keysOf(shape.keys, depth);
  if (shape.is === "list") return item(shape.each, depth);
  if (shape.is === "names") return keysOf(namedKeys(field, shape), depth);
  return shape.is === "choice" ? kinds(shape, depth) : [];
}

function keysOf(keys: ReadonlyMap<string, Field>, depth: number): readonly string[] {
  const margin = indentation.repeat(depth);
  const lines = [...keys].flatMap(([key, field], i) => {
    const gap = depth < 1 && i > 0 ? [""] : [];
    const lines = [...comment(field, margin), ...entry(key, field, margin, depth)];
    return field.instead === null
      ? [...gap, ...lines]
      : ["", `${margin}# or, instead of ${field.instead}:`, ...lines.map((line) => off(line, margin)), ""];
  });
  return lines;
}

function entry(key: string, field: Field, margin: string, depth: number): readonly string[] {
  const inline = inlineText(field);
  return inline === null ? [`${margin}${key}:`, ...block(field, depth + 1)] : [`${margin}${key}: ${inline}`];
}

/** Scalars and lists of scalars stand beside their key. */
function inlineText(field: Field): string | null {
  const { shape } = field;
  if (shape.is === "list" && shape.each.shape.is === "value")
    return `[${scalars(exampleOf(field)).join(", ")}]`;
  if (shape.is === "anything") return JSON.stringify(exampleOf(field) ?? null);
  return shape.is === "value" ? (scalars([exampleOf(field) ?? ""])[0] ?? "") : null;
}

function scalars(values: Json | undefined): readonly string[] {
  return Array.isArray(values) ? values.map((value: Json) => stringify(value).trim()) : [];
}

/** A map whose keys are names is shown with one name, or with the names of its own example. */
function namedKeys(field: Field, shape: Extract<Shape, { is: "names" }>): ReadonlyMap<string, Field> {
  const { example } = field;
  if (example === null || typeof example !== "object" || Array.isArray(example)) {
    return new Map([[String(exampleOf(shape.name)), { ...shape.each, description: "" }]]);
  }
  return new Map(
    Object.entries(example).map(([key, value]) => [key, { ...shape.each, description: "", example: value }]),
  );
}

/** A line that is there to be read, not to count. */
function off(line: string, margin: string): string {
  return `${margin}# ${line.slice(margin.length)}`;
}

function kinds(shape: Extract<Shape, { is: "choice" }>, depth: number): readonly string[] {
  const margin = indentation.repeat(depth);
  return [...shape.options.values()].flatMap((option, i) => {
    const lines = block(option, depth);
    return i === 0 ? lines : ["", `${margin}# or:`, ...lines.map((line) => off(line, margin))];
  });
}

/** The first key of a list item carries the dash; comments above it stand at the dash. */
function item(each: Field, depth: number): readonly string[] {
  const margin = indentation.repeat(depth);
  const lines = block(each, depth + 1);
  const first = lines.findIndex((line) => !line.trimStart().startsWith("#"));
  return lines.map((line, i) => {
    if (i > first) return line;
    return `${margin}${i === first ? "- " : ""}${line.slice(margin.length + indentation.length)}`;
  });
}

function comment(field: Field, margin: string): readonly string[] {
  if (field.description === "") return [];
  const note = [unit(field), presence(field)].filter((part) => part !== "").join("; ");
  const text = `${field.description} (${note})`;
  return wrap(text, columns - margin.length - 2).map((line) => `${margin}# ${line}`);
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1) ?? "";
    if (last !== "" && last.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines;
}

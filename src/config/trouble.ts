// The words for every kind of mistake: what was expected, what was found, what to write.
import type { z } from "zod";
import type { Json } from "../core/json.ts";
import { type Mistake, quote } from "./errors.ts";
import { nearest } from "./nearest.ts";
import { isLiteralSecret, looksSecret } from "./secret-names.ts";
import type { Field } from "./shape.ts";
import type { Tree } from "./yaml-tree.ts";

const snippetCharacters = 70;

export type Trouble = Pick<Mistake, "what" | "fix"> & { readonly suggestion?: string | null };

/** Looked at before anything else, since any other message would show the value. */
export function literalSecret(name: string, tree: Tree): Trouble | null {
  if (tree.is !== "value" || tree.value === null || !isLiteralSecret(name, tree.text)) return null;
  const what = looksSecret(name)
    ? `${quote(name)} looks like a secret`
    : `the value of ${quote(name)} holds a password`;
  const fix =
    "move this line into the file that `envFile` names, and change the secret if this file was ever shared";
  return { what: `${what}, and secrets do not stand in this file`, fix };
}

/** What zod refused, in our words: ours where a value type or section said them, else what was expected. */
export function troubleOf(
  field: Field,
  issue: z.core.$ZodIssue,
  value: string | number | boolean | null,
  text = String(value),
): Trouble {
  if (issue.code === "custom") return refusal(field, issue);
  const words = field.shape.is === "value" ? field.shape.words : null;
  const what = `expected ${expected(field)}, found ${valueText(value, text)}`;
  if (words) {
    const suggestion = nearest(text, words);
    return { what, suggestion, fix: suggestion ? `write ${suggestion}` : `write ${field.title}` };
  }
  if (typeof value === "string") return { what, fix: writeOne(field) };
  // A bare number or word: right when quoted, or its text has a fix of its own (`8080` lacks a host).
  const [asText] = field.schema.safeParse(text).error?.issues ?? [];
  if (asText === undefined) return { what, fix: `put it in quotes: ${JSON.stringify(text)}` };
  return { what, fix: asText.code === "custom" ? refusal(field, asText).fix : writeOne(field) };
}

export function wrongType(field: Field, tree: Tree): Trouble {
  const found = tree.is === "value" ? valueText(tree.value, tree.text) : `a ${tree.is}`;
  const fix =
    tree.is === "value" && tree.value === null && !field.required
      ? `${writeOne(field)}, or remove the line`
      : writeOne(field);
  return { what: `expected ${expected(field)}, found ${found}`, fix };
}

export function missing(key: string, field: Field): Trouble {
  const snippet = flow(exampleOf(field));
  const short = snippet !== "" && snippet.length <= snippetCharacters && !/: *[,}]/.test(snippet);
  return {
    what: `\`${key}\` is missing`,
    fix: short ? `add \`${key}: ${snippet}\`` : `add \`${key}:\` with ${expected(field)}`,
    suggestion: key,
  };
}

/** What a value type or a section says of itself; of zod's own rules only "not empty" gets here. */
export function refusal(field: Field, issue: z.core.$ZodIssue): Trouble {
  if (issue.code === "custom") return { what: issue.message, fix: String(issue.params?.["fix"]) };
  const what =
    issue.code === "too_small" ? "this is empty" : `this ${field.title} is not right: ${issue.message}`;
  return { what, fix: writeOne(field) };
}

function writeOne(field: Field): string {
  const snippet = flow(exampleOf(field));
  if (field.shape.is === "value" && field.shape.words) return `write ${field.title}`;
  if (snippet === "" || snippet.length > snippetCharacters) return `write ${expected(field)}`;
  return `write ${expected(field)}, such as ${snippet}`;
}

/** The least that can be written: required keys only. */
export function exampleOf(field: Field): Json | undefined {
  const { shape } = field;
  if (field.fallback !== undefined && shape.is === "value") return field.fallback;
  if (field.example !== undefined) return field.example;
  if (shape.is === "value") return shape.words?.[0];
  if (shape.is === "choice") return exampleOf([...shape.options.values()][0] ?? field);
  if (shape.is === "list") return [exampleOf(shape.each) ?? null];
  if (shape.is === "names") return { [String(exampleOf(shape.name))]: exampleOf(shape.each) ?? null };
  if (shape.is !== "map") return undefined;
  const required = [...shape.keys].filter(([, child]) => child.required);
  return Object.fromEntries(required.map(([key, child]) => [key, exampleOf(child) ?? null]));
}

/** On one line, as YAML would take it. */
function flow(value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value !== "object") return String(value);
  if (Object.keys(value).length === 0) return "";
  return `{ ${Object.entries(value)
    .map(([key, item]) => `${key}: ${flow(item)}`)
    .join(", ")} }`;
}

function valueText(value: string | number | boolean | null, text: string): string {
  if (value === null) return "nothing";
  if (typeof value === "string") return quote(value);
  return typeof value === "number" ? `the number ${text.slice(0, 40)}` : text;
}

/** `a duration`, `an address to listen on`, `auto, ask or never`. */
function expected({ title, shape }: Field): string {
  if ((shape.is === "value" && shape.words) || title.startsWith("text")) return title;
  return /^[aeiou]/.test(title) ? `an ${title}` : `a ${title}`;
}

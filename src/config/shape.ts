// What a schema looks like: one reading of zod's objects, from which messages, example, reference page and path
// resolution all follow.
import { z } from "zod";
import type { Json } from "../core/json.ts";
import { assert, Bug } from "../core/result.ts";
import type { Path } from "./errors.ts";

/** One value of the config. */
export type Field = {
  readonly schema: z.ZodType;
  /** What messages call it, without an article: `duration`. */
  readonly title: string;
  readonly description: string;
  readonly example: Json | undefined;
  readonly required: boolean;
  /** What stands there when nothing is written, as one would write it. */
  readonly fallback: Json | undefined;
  /** What it stands instead of (mostly the key beside it): the example shows it, but not as written. */
  readonly instead: string | null;
  readonly shape: Shape;
};

export type Shape =
  | { readonly is: "map"; readonly keys: ReadonlyMap<string, Field> }
  /** A map whose keys are names that the user gives. */
  | { readonly is: "names"; readonly name: Field; readonly each: Field }
  | { readonly is: "list"; readonly each: Field }
  /** A map whose keys depend on the value of one of them. */
  | { readonly is: "choice"; readonly by: string; readonly options: ReadonlyMap<string, Field> }
  /** `words`: the only values it can have; null where there are more than can be listed. */
  | { readonly is: "value"; readonly words: readonly string[] | null }
  /** Not looked at: a key whose driver is not known. */
  | { readonly is: "anything" };

type Meta = {
  readonly title?: string;
  readonly description?: string;
  readonly examples?: readonly Json[];
  readonly instead?: string;
};

/** Read a schema. Throws a `Bug` on a zod type that nothing here knows how to explain. */
export function fieldOf(schema: z.ZodType): Field {
  let inner: unknown = schema;
  let meta: Meta = {};
  let required = true;
  let fallback: Json | undefined;
  for (;;) {
    assert(inner instanceof z.ZodType, "a schema of zod");
    meta = { ...(inner.meta() as Meta | undefined), ...meta };
    if (inner instanceof z.ZodPrefault) fallback ??= inner.def.defaultValue as Json;
    else if (!(inner instanceof z.ZodOptional)) break;
    required = false;
    inner = inner.def.innerType;
  }
  const shape = shapeOf(inner);
  const [example] = meta.examples ?? [];
  return {
    schema,
    title: meta.title ?? titleOf(shape),
    description: meta.description ?? "",
    example,
    required,
    fallback,
    instead: meta.instead ?? null,
    shape,
  };
}

/** Every field below a field with its path; names are `<name>`, list items `[]`, driver kinds are not in the path. */
export function* fieldsBelow(
  field: Field,
  path: readonly string[] = [],
): Iterable<readonly [readonly string[], Field]> {
  for (const [key, child] of childrenOf(field.shape)) {
    yield [[...path, key], child];
    yield* fieldsBelow(child, [...path, key]);
  }
  if (field.shape.is === "choice")
    for (const option of field.shape.options.values()) yield* fieldsBelow(option, path);
}

/** A value that is really there. */
export type Leaf = { readonly path: Path; readonly title: string; readonly value: unknown };

/** All values in a config, or in as much of one as could be read. */
export function leavesOf(field: Field, value: unknown): readonly Leaf[] {
  const leaves: Leaf[] = [];
  mapLeaves(field, value, (leaf) => {
    leaves.push(leaf);
    return leaf.value;
  });
  return leaves;
}

/** The same config with every leaf replaced by what `change` makes of it. */
export function mapLeaves(
  field: Field,
  value: unknown,
  change: (leaf: Leaf) => unknown,
  path: Path = [],
): unknown {
  if (value === undefined) return undefined;
  const { shape } = field;
  if (shape.is === "value") return change({ path, title: field.title, value });
  if (shape.is === "list") {
    return Array.isArray(value)
      ? value.map((item, i) => mapLeaves(shape.each, item, change, [...path, i]))
      : value;
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const child = childFor(shape, value, key);
      return [key, child ? mapLeaves(child, item, change, [...path, key]) : item];
    }),
  );
}

function childFor(shape: Shape, map: object, key: string): Field | undefined {
  if (shape.is === "map") return shape.keys.get(key);
  if (shape.is === "names") return shape.each;
  if (shape.is !== "choice") return undefined;
  const [only] = shape.options.size === 1 ? shape.options.values() : [];
  const option = shape.options.get(String((map as Record<string, unknown>)[shape.by])) ?? only;
  return option?.shape.is === "map" ? option.shape.keys.get(key) : undefined;
}

function childrenOf(shape: Shape): Iterable<readonly [string, Field]> {
  if (shape.is === "map") return shape.keys;
  if (shape.is === "names") return [["<name>", shape.each]];
  return shape.is === "list" ? [["[]", shape.each]] : [];
}

function shapeOf(schema: z.ZodType): Shape {
  if (schema instanceof z.ZodObject) return mapOf(schema);
  if (schema instanceof z.ZodRecord) {
    return { is: "names", name: fieldOf(typed(schema.keyType)), each: fieldOf(typed(schema.valueType)) };
  }
  if (schema instanceof z.ZodArray) return { is: "list", each: fieldOf(typed(schema.element)) };
  if (schema instanceof z.ZodDiscriminatedUnion) return choiceOf(schema);
  if (schema instanceof z.ZodEnum) return { is: "value", words: schema.options.map(String) };
  if (schema instanceof z.ZodLiteral) return { is: "value", words: [...schema.values].map(String) };
  if (schema instanceof z.ZodBoolean) return { is: "value", words: ["true", "false"] };
  if (schema instanceof z.ZodUnknown) return { is: "anything" };
  if (schema instanceof z.ZodPipe || schema instanceof z.ZodNumber) return { is: "value", words: null };
  throw new Bug(`the config does not know how to explain a schema of type ${schema.def.type}`);
}

function mapOf(schema: z.ZodObject): Shape {
  assert(schema.def.catchall?._zod.def.type === "never", "maps of the config are strict");
  return {
    is: "map",
    keys: new Map(Object.entries(schema.shape).map(([key, value]) => [key, fieldOf(typed(value))])),
  };
}

/** Each option's own literal is widened to all of them, so that a wrong kind is told all kinds there are. */
function choiceOf(schema: z.ZodDiscriminatedUnion): Shape {
  const by = schema.def.discriminator;
  const options = schema.options.map((option) => fieldOf(typed(option)));
  const kindOf = (option: Field) => (option.shape.is === "map" ? option.shape.keys.get(by) : undefined);
  const words = options.flatMap((option) => {
    const kind = kindOf(option)?.shape;
    return kind?.is === "value" ? (kind.words ?? []) : [];
  });
  assert(words.length === options.length, `each option has one ${by}`);
  const widened = options.map((option, i): [string, Field] => {
    const kind = kindOf(option);
    assert(kind && option.shape.is === "map", `options are maps with ${by}`);
    const every = {
      ...kind,
      title: titleOf({ is: "value", words }),
      shape: { is: "value" as const, words },
      example: words[i],
    };
    return [
      words[i] ?? "",
      { ...option, shape: { is: "map", keys: new Map([...option.shape.keys, [by, every]]) } },
    ];
  });
  return { is: "choice", by, options: new Map(widened) };
}

function titleOf(shape: Shape): string {
  if (shape.is === "value") return shape.words ? either(shape.words) : "value";
  return shape.is === "list" ? "list" : "map of keys";
}

/** `auto, ask or never` */
export function either(words: readonly string[]): string {
  return [words.slice(0, -1).join(", "), ...words.slice(-1)].filter((part) => part !== "").join(" or ");
}

function typed(schema: unknown): z.ZodType {
  assert(schema instanceof z.ZodType, "a schema of zod");
  return schema;
}

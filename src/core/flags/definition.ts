// Reads a flagd definition file, and says every mistake in it in words.
import { sha256 } from "../digest.ts";
import type { Json } from "../json.ts";
import { err, ok, type Result } from "../result.ts";
import { limits } from "./limits.ts";
import { type FlagMistake, isMap, type Say } from "./mistake.ts";
import type { Flag, FlagSet, FlagValue } from "./model.ts";
import { safeVariant } from "./model.ts";
import { expandEvaluators, resolve } from "./references.ts";
import { checkTargeting } from "./targeting.ts";

/** Names that JavaScript objects answer to by themselves. */
const forbidden: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);
const topKeys = ["$schema", "$evaluators", "flags", "metadata"];
const flagKeys = ["state", "variants", "defaultVariant", "targeting", "metadata"];

/** Check the whole file. All mistakes come back, at most `limits.mistakes` of them. */
export function readDefinitions(text: string): Result<FlagSet, readonly FlagMistake[]> {
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.definitionBytes) {
    const what = `the file has ${bytes} bytes; ${limits.definitionBytes} are the most`;
    return err([{ where: "", what, fix: "remove flags that nobody reads: lastgood flag doctor names them" }]);
  }
  const parsed = parseJson(text);
  if (!parsed.ok) return err([parsed.error]);
  const mistakes: FlagMistake[] = [];
  const say = (where: string, what: string, fix: string) => {
    if (mistakes.length < limits.mistakes) mistakes.push({ where, what, fix });
  };
  const flags = readTop(parsed.value, say);
  return mistakes.length > 0 ? err(mistakes) : ok({ flags, digest: sha256(text) });
}

function parseJson(text: string): Result<Json, FlagMistake> {
  try {
    return ok(JSON.parse(text) as Json);
  } catch (error) {
    return err({
      where: "",
      what: `this is not JSON: ${(error as Error).message}`,
      fix: "mend the text there",
    });
  }
}

function readTop(top: Json, say: Say): Map<string, Flag> {
  const flags = new Map<string, Flag>();
  if (!isMap(top)) {
    say("", "the file must hold a map", 'write { "flags": { … } }');
    return flags;
  }
  for (const key of Object.keys(top).filter((key) => !topKeys.includes(key)))
    say(key, `"${key}" is not known here`, `remove it; there are: ${topKeys.join(", ")}`);
  const all = top["flags"];
  if (!isMap(all)) {
    say("flags", "there are no flags", 'write "flags": { "<name>": { … } }');
    return flags;
  }
  const names = Object.keys(all);
  if (names.length > limits.flags) {
    say(
      "flags",
      `there are ${names.length} flags; ${limits.flags} are the most`,
      "remove flags that nobody reads",
    );
    return flags;
  }
  const evaluators = expandEvaluators(top["$evaluators"] ?? {}, say);
  for (const name of names) {
    const flag = readFlag(name, all[name] ?? null, evaluators, say);
    if (flag) flags.set(name, flag);
  }
  return flags;
}

function readFlag(name: string, raw: Json, evaluators: ReadonlyMap<string, Json>, say: Say): Flag | null {
  const where = `flags.${name}`;
  if (badName(where, name, "a flag", say)) return null;
  if (!isMap(raw)) {
    say(where, "a flag must be a map", 'write { "state": "ENABLED", "variants": { … } }');
    return null;
  }
  for (const key of Object.keys(raw).filter((key) => !flagKeys.includes(key)))
    say(`${where}.${key}`, `"${key}" is not known in a flag`, `remove it; there are: ${flagKeys.join(", ")}`);
  const state = raw["state"];
  if (state !== "ENABLED" && state !== "DISABLED")
    say(`${where}.state`, "the state is missing or not known", "write ENABLED or DISABLED");
  const variants = readVariants(where, raw["variants"], say);
  const defaultVariant = raw["defaultVariant"] ?? null;
  if (
    defaultVariant !== null &&
    !(typeof defaultVariant === "string" && Object.hasOwn(variants, defaultVariant))
  )
    say(`${where}.defaultVariant`, `there is no variant ${JSON.stringify(defaultVariant)}`, oneOf(variants));
  const targeting = readTargeting(`${where}.targeting`, raw["targeting"], { evaluators, variants, say });
  const metadata = readMetadata(where, raw["metadata"], say);
  const flag: Flag = {
    state: state === "DISABLED" ? "DISABLED" : "ENABLED",
    variants,
    ...(typeof defaultVariant === "string" ? { defaultVariant } : {}),
    ...(targeting === null ? {} : { targeting }),
    ...(metadata === null ? {} : { metadata }),
  };
  if (metadata?.["safeValue"] !== undefined && safeVariant(flag) === null)
    say(`${where}.metadata.safeValue`, "no variant has this name or value", oneOf(variants));
  return flag;
}

function readVariants(where: string, raw: Json | undefined, say: Say): Record<string, FlagValue> {
  const variants: Record<string, FlagValue> = {};
  const at = `${where}.variants`;
  if (!isMap(raw) || Object.keys(raw).length === 0) {
    say(at, "there are no variants", 'write { "on": true, "off": false }');
    return variants;
  }
  const kinds = new Set<string>();
  for (const [name, value] of Object.entries(raw)) {
    if (badName(`${at}.${name}`, name, "a variant", say)) continue;
    const kind = Array.isArray(value) || value === null ? "none" : typeof value;
    if (kind === "none")
      say(`${at}.${name}`, "a list or null is no value", "write true, a text, a number or a map");
    kinds.add(kind);
    variants[name] = value as FlagValue;
  }
  if (kinds.size > 1)
    say(
      at,
      `the variants are of several kinds: ${[...kinds].join(", ")}`,
      "give all of them one kind of value",
    );
  return variants;
}

type Rules = {
  readonly evaluators: ReadonlyMap<string, Json>;
  readonly variants: Record<string, FlagValue>;
  readonly say: Say;
};

function readTargeting(
  where: string,
  raw: Json | undefined,
  { evaluators, variants, say }: Rules,
): Json | null {
  if (raw === undefined || raw === null) return null;
  if (!isMap(raw)) {
    say(where, "targeting must be a map with one operation", 'write { "if": [ … ] }');
    return null;
  }
  if (Object.keys(raw).length === 0) return null;
  const resolved = resolve(raw, evaluators, where, say);
  if (resolved === null) return null;
  checkTargeting(resolved, where, Object.keys(variants), say);
  return resolved;
}

function readMetadata(where: string, raw: Json | undefined, say: Say): NonNullable<Flag["metadata"]> | null {
  if (raw === undefined) return null;
  const at = `${where}.metadata`;
  if (!isMap(raw)) {
    say(at, "metadata must be a map", 'write { "owner": "booking" }');
    return null;
  }
  for (const [key, value] of Object.entries(raw)) {
    badName(`${at}.${key}`, key, "a key", say);
    if (!["string", "number", "boolean"].includes(typeof value))
      say(`${at}.${key}`, "metadata holds texts, numbers and booleans only", "write one of these");
  }
  return raw as NonNullable<Flag["metadata"]>;
}

function badName(where: string, name: string, what: string, say: Say): boolean {
  if (name === "") say(where, `${what} has an empty name`, "give it a name");
  else if (forbidden.has(name)) say(where, `"${name}" cannot be the name of ${what}`, "take another name");
  else if (name.length > limits.nameLength)
    say(
      where.slice(0, limits.nameLength),
      `the name of ${what} has ${name.length} letters`,
      `write at most ${limits.nameLength}`,
    );
  else return false;
  return true;
}

function oneOf(variants: Record<string, FlagValue>): string {
  return `write one of: ${Object.keys(variants).join(", ")}`;
}

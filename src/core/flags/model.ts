// A flag as flagd writes it down, and what the product reads out of its metadata.
import type { Json, JsonObject } from "../json.ts";

export type FlagValue = boolean | string | number | JsonObject;

/** One flag in flagd's form; also what clients are sent. */
export type Flag = {
  readonly state: "ENABLED" | "DISABLED";
  readonly variants: Readonly<Record<string, FlagValue>>;
  /** Missing: where no rule matches, the app's own default counts. */
  readonly defaultVariant?: string;
  /** JSON Logic with flagd's operations; references are resolved already. */
  readonly targeting?: Json;
  readonly metadata?: Readonly<Record<string, string | number | boolean>>;
};

/** All flags of an environment by name. A map, so that no name can reach a prototype. */
export type Flags = ReadonlyMap<string, Flag>;

export type FlagSet = {
  readonly flags: Flags;
  /** sha256 of the text it was read from. */
  readonly digest: string;
};

export const noFlags: FlagSet = { flags: new Map(), digest: "" };

export function isBoolean(flag: Flag): boolean {
  return Object.values(flag.variants).every((value) => typeof value === "boolean");
}

/** The variant with this value; null where there is none. */
export function variantOf(flag: Flag, value: FlagValue): string | null {
  return Object.keys(flag.variants).find((name) => flag.variants[name] === value) ?? null;
}

/**
 * The variant that counts where nothing better is known: `metadata.safeValue`, a value or the name of a variant.
 * Null where none is declared.
 */
export function safeVariant(flag: Flag): string | null {
  const safe = flag.metadata?.["safeValue"];
  if (safe === undefined) return null;
  if (typeof safe === "string" && Object.hasOwn(flag.variants, safe)) return safe;
  return variantOf(flag, safe);
}

/** The variant that `flag off` means: the value false, else the variant "off", else the safe one. */
export function offVariant(flag: Flag): string | null {
  const named = Object.hasOwn(flag.variants, "off") ? "off" : null;
  return variantOf(flag, false) ?? named ?? safeVariant(flag);
}

export function onVariant(flag: Flag): string | null {
  return variantOf(flag, true) ?? (Object.hasOwn(flag.variants, "on") ? "on" : null);
}

/** The name under which apps read it from their environment: `metadata.env`, or FEATURE_ and the flag's name. */
export function variableOf(name: string, flag: Flag | undefined): string {
  const own = flag?.metadata?.["env"];
  return typeof own === "string" ? own : `FEATURE_${name.toUpperCase().replaceAll(/[^A-Z0-9]+/g, "_")}`;
}

/** A kill switch that is meant to stay: never called old or unused. */
export function isPermanent(flag: Flag): boolean {
  return flag.metadata?.["killSwitch"] === "permanent";
}

// Flags as variables of an environment: what an `.env` file and `process.env` say of them.
import { type Flag, type Flags, isBoolean, variableOf } from "./model.ts";

/**
 * Every flag as one text, by the name of its variable. Rules cannot be told in a file: there a flag is what everybody
 * gets for whom no rule matches. Flags that are maps are left out.
 */
export function variables(flags: Flags): ReadonlyMap<string, string> {
  const all = new Map<string, string>();
  for (const [name, flag] of flags) {
    const value = plainValue(flag);
    if (value !== null) all.set(variableOf(name, flag), value);
  }
  return all;
}

export function plainValue(flag: Flag): string | null {
  if (flag.state === "DISABLED" || flag.defaultVariant === undefined) return null;
  const value = flag.variants[flag.defaultVariant];
  return typeof value === "object" || value === undefined ? null : String(value);
}

/** The flag and the variant that a line of the file means; null where it means none of ours. */
export function meantBy(
  flags: Flags,
  variable: string,
  text: string,
): { flag: string; variant: string } | null {
  for (const [name, flag] of flags) {
    if (variableOf(name, flag) !== variable) continue;
    const wanted = isBoolean(flag) ? spelled(text) : text;
    const variant = Object.keys(flag.variants).find((one) => String(flag.variants[one]) === wanted);
    return variant === undefined ? null : { flag: name, variant };
  }
  return null;
}

/** How people write yes and no. */
function spelled(text: string): string {
  const word = text.trim().toLowerCase();
  if (["1", "true", "yes", "on"].includes(word)) return "true";
  return ["0", "false", "no", "off", ""].includes(word) ? "false" : word;
}

// The layer above the rules: a switch by hand, and what a flag then is for everybody.
import { z } from "zod";
import { type Flag, type Flags, safeVariant } from "./model.ts";

/** A switch that counts more than any rule, until it is lifted or its time is over. */
export const override = z.strictObject({
  flag: z.string(),
  variant: z.string(),
  by: z.string(),
  why: z.string(),
  incident: z.string().nullable(),
  /** Wall clock, milliseconds since 1970; null: until it is lifted. */
  until: z.number().nullable(),
});
export type Override = z.infer<typeof override>;

/**
 * What clients evaluate. An override is a plain flag without rules and ENABLED: a disabled flag gives the app's own
 * default, which may be on. For the same reason a disabled flag with a safe value has that value.
 */
export function effective(flag: Flag, switched: Pick<Override, "variant"> | undefined): Flag {
  const metadata = flag.metadata ? { metadata: flag.metadata } : {};
  if (switched && Object.hasOwn(flag.variants, switched.variant))
    return { state: "ENABLED", variants: flag.variants, defaultVariant: switched.variant, ...metadata };
  const safe = flag.state === "DISABLED" ? safeVariant(flag) : null;
  if (safe !== null) return { state: "ENABLED", variants: flag.variants, defaultVariant: safe, ...metadata };
  return flag;
}

/** All flags as clients evaluate them. Flags that are not switched are the very same objects: changes are told by that. */
export function effectiveFlags(flags: Flags, overrides: Readonly<Record<string, Override>>): Flags {
  const all = new Map(flags);
  for (const [name, flag] of flags) {
    const switched = Object.hasOwn(overrides, name) ? overrides[name] : undefined;
    if (switched || flag.state === "DISABLED") all.set(name, effective(flag, switched));
  }
  return all;
}

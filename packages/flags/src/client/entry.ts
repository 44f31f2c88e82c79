// One flag, made ready for evaluation: without rules it is one look into a map, with rules one call of a closure.
import { compile, type Frame, type Rule } from "../rules/compile.ts";
import type { Context, Details, FlagValue, WireFlag } from "./types.ts";

const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export class Entry {
  readonly name: string;
  readonly flag: WireFlag;
  /** Always the same boolean: the quick way of `isOn`. */
  readonly plain: boolean;
  readonly on: boolean;
  /** Evaluations of a plain flag since they were last told. */
  hits = 0;
  /** Evaluations by variant of all others. */
  counts: Map<string, number> | null = null;
  /** The app's own default, where it is known; a second one is `otherDefault`. */
  codeDefault: unknown = undefined;
  otherDefault: unknown = undefined;
  #rule: Rule | "wrong" | null | undefined = undefined;

  constructor(name: string, flag: WireFlag) {
    this.name = name;
    this.flag = flag;
    const value = isFixed(flag) ? valueIn(flag, flag.defaultVariant) : undefined;
    this.plain = typeof value === "boolean";
    this.on = value === true;
  }

  details<T extends FlagValue>(otherwise: T, context: Context, nowS: () => number): Details<T> {
    const { flag } = this;
    if (flag.state === "DISABLED") return { value: this.#safe(otherwise), reason: "DISABLED" };
    const rule = this.#compiled();
    if (rule === "wrong")
      return this.#failed(otherwise, "PARSE_ERROR", `the rule of ${this.name} cannot be read`);
    let variant = flag.defaultVariant ?? null;
    let reason = "STATIC";
    if (rule) {
      try {
        const frame: Frame = { flag: this.name, nowS };
        const result = rule(context, frame);
        reason = result === null || result === undefined ? "DEFAULT" : "TARGETING_MATCH";
        if (result !== null && result !== undefined) variant = String(result);
      } catch {
        return this.#failed(otherwise, "GENERAL", `the rule of ${this.name} failed for this context`);
      }
    }
    if (variant === null) return { value: otherwise, reason: "DEFAULT" };
    const value = valueIn(flag, variant);
    if (value === undefined)
      return this.#failed(otherwise, "GENERAL", `${this.name} has no variant ${variant}`);
    if (typeof value !== typeof otherwise) {
      const errorMessage = `${this.name} is a ${typeof value}, not a ${typeof otherwise}`;
      return { value: otherwise, reason: "ERROR", errorCode: "TYPE_MISMATCH", errorMessage };
    }
    this.count(variant);
    return { value: value as T, variant, reason };
  }

  /** The same flag with its safe value and nothing else: what counts once the state is too old for it. */
  safeTwin(): Entry | null {
    const variant = safeVariant(this.flag);
    if (variant === null) return null;
    const { variants, metadata } = this.flag;
    return new Entry(this.name, {
      state: "ENABLED",
      variants,
      defaultVariant: variant,
      ...(metadata ? { metadata } : {}),
    });
  }

  /** After this time without the service the safe value counts; null: never. */
  maxStaleMs(): number | null {
    const text = this.flag.metadata?.["maxStale"];
    const [, amount, unit] = typeof text === "string" ? (/^(\d+)([smhd])$/.exec(text) ?? []) : [];
    return amount === undefined ? null : Number(amount) * (unitsMs[unit ?? ""] ?? 0);
  }

  count(variant: string): void {
    this.counts ??= new Map();
    this.counts.set(variant, (this.counts.get(variant) ?? 0) + 1);
  }

  /** Counts since the last call, by variant. */
  take(): Readonly<Record<string, number>> | null {
    const counts = this.counts ?? new Map<string, number>();
    if (this.hits > 0) {
      const variant = String(this.flag.defaultVariant);
      counts.set(variant, (counts.get(variant) ?? 0) + this.hits);
    }
    this.hits = 0;
    this.counts = null;
    return counts.size === 0 ? null : Object.fromEntries(counts);
  }

  #compiled(): Rule | "wrong" | null {
    if (this.#rule !== undefined) return this.#rule;
    try {
      this.#rule = isFixed(this.flag) ? null : compile(this.flag.targeting ?? null);
    } catch {
      this.#rule = "wrong";
    }
    return this.#rule;
  }

  #failed<T extends FlagValue>(
    otherwise: T,
    errorCode: "PARSE_ERROR" | "GENERAL",
    errorMessage: string,
  ): Details<T> {
    return { value: this.#safe(otherwise), reason: "ERROR", errorCode, errorMessage };
  }

  #safe<T extends FlagValue>(otherwise: T): T {
    const value = valueIn(this.flag, safeVariant(this.flag));
    return typeof value === typeof otherwise ? (value as T) : otherwise;
  }
}

function isFixed(flag: WireFlag): boolean {
  const { targeting } = flag;
  const ruled = typeof targeting === "object" && targeting !== null && Object.keys(targeting).length > 0;
  return flag.state === "ENABLED" && !ruled;
}

function valueIn(flag: WireFlag, variant: string | null | undefined): FlagValue | undefined {
  if (variant === null || variant === undefined || !Object.hasOwn(flag.variants, variant)) return undefined;
  return flag.variants[variant];
}

function safeVariant(flag: WireFlag): string | null {
  const safe = flag.metadata?.["safeValue"];
  if (safe === undefined) return null;
  if (typeof safe === "string" && Object.hasOwn(flag.variants, safe)) return safe;
  return Object.keys(flag.variants).find((name) => flag.variants[name] === safe) ?? null;
}

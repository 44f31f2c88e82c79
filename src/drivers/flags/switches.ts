// Flags of our own service, as steps of plans switch them.
import { isBoolean, offVariant, onVariant } from "../../core/flags/model.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { FlagBook, FlagState, Flags } from "../../ports/flags.ts";

/** On is what everybody without a rule of their own gets: a switch counts more than the rules. */
export function serviceFlags(book: FlagBook): Flags {
  function read(name: string): Result<FlagState> {
    const flag = book.flags().get(name);
    if (!flag) return problem("missing", `there is no flag ${name}`, "lastgood flag list shows all.");
    const { overrides, revisions } = book.state();
    const variant = overrides[name]?.variant ?? flag.defaultVariant;
    const value = variant === undefined ? undefined : flag.variants[variant];
    const on = isBoolean(flag) ? value === true : variant !== offVariant(flag);
    return ok({ on, version: revisions[name] ?? 0 });
  }
  return {
    read: async (name) => read(name),
    async write(op, name, expected, on) {
      const now = read(name);
      if (!now.ok) return now;
      if (op.epoch < book.epoch()) return problem("fenced", "a newer controller acts", "Nothing to do.");
      if (book.state().overrides[name]?.op === op.id) return now;
      if (now.value.version !== expected)
        return problem("conflict", `${name} was switched by somebody else meanwhile`, "Look at it first.");
      const flag = book.flags().get(name);
      const variant = flag ? (on ? onVariant(flag) : offVariant(flag)) : null;
      if (variant === null)
        return problem(
          "usage",
          `${name} has no variant that means ${on ? "on" : "off"}`,
          "lastgood flag set names one.",
        );
      book.change({
        flag: name,
        variant,
        by: "a plan",
        why: `step ${op.id}`,
        incident: null,
        until: null,
        op: op.id,
      });
      return read(name);
    },
  };
}

// Evaluation with flagd's own core, for clients that ask over OFREP. No code is made from rules.
import { FeatureFlag } from "@openfeature/flagd-core";
import type { Flag, FlagValue } from "../../core/flags/model.ts";
import type { Evaluated, FlagEvaluator } from "../../ports/flags.ts";

const silent = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
};
const options = { disableDynamicCodeGeneration: true };

/** Flags are made ready when they are first asked for, one by one: to hash 10,000 of them at once takes half a second. */
export function flagdEvaluator(): FlagEvaluator {
  const ready = new WeakMap<Flag, FeatureFlag>();
  return {
    evaluate(name, flag, context) {
      if (flag.state === "DISABLED") return { reason: "DISABLED" };
      let known = ready.get(flag);
      if (!known) {
        known = new FeatureFlag(name, { ...flag } as never, silent, options);
        ready.set(flag, known);
      }
      return shown(known.evaluate(context as never));
    },
  };
}

function shown(resolved: ReturnType<FeatureFlag["evaluate"]>): Evaluated {
  const { value, variant, reason, errorCode, errorMessage } = resolved as Evaluated;
  return {
    reason,
    ...(value === undefined ? {} : { value: value as FlagValue }),
    ...(variant === undefined ? {} : { variant }),
    ...(errorCode === undefined ? {} : { errorCode }),
    ...(errorMessage === undefined ? {} : { errorMessage }),
  };
}

// lastgood flag list | show | history: what flags are, who switched them, and who has confirmed it.
import { type Flag, isPermanent, safeVariant, variableOf } from "../core/flags/model.ts";
import type { JsonObject } from "../core/json.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import type { App } from "./app.ts";
import type { EnvFlags } from "./flag-desk.ts";
import { noFlagsHere, outcome } from "./flag-outcome.ts";
import { findFlag } from "./flag-switch.ts";

export function flagList(app: App, input: { readonly env: string }): Outcome {
  const env = app.flags.env(input.env);
  if (!env) return stopped("flag", input.env, noFlagsHere(input.env));
  const flags = [...env.flags()].map(([name, flag]) => row(env, name, flag));
  const trouble = env.trouble();
  const switched = Object.keys(env.state().overrides).length;
  const processes = env.subscribers.list().filter(({ connected }) => connected).length;
  const what = `${flags.length} flags, ${switched} switched by hand, ${processes} processes listen.`;
  const data = { flags, version: env.state().version, processes, trouble: trouble ? { ...trouble } : null };
  return outcome(input.env, "done", what, trouble?.what ?? "", trouble?.next ?? "", data);
}

function row(env: EnvFlags, name: string, flag: Flag): JsonObject {
  const override = env.state().overrides[name];
  const variant = override?.variant ?? flag.defaultVariant ?? null;
  const use = env.counts.of(name);
  return {
    name,
    state: flag.state,
    variant,
    value: variant === null ? null : (flag.variants[variant] ?? null),
    rules: flag.targeting !== undefined && !override,
    switched: override ? { ...override } : null,
    variable: variableOf(name, flag),
    safe: safeVariant(flag),
    permanent: isPermanent(flag),
    evaluations: use ? { ...use.variants } : {},
    lastReadAt: use?.at ?? null,
  };
}

export function flagShow(app: App, input: { readonly env: string; readonly flag: string }): Outcome {
  const found = findFlag(app, input.env, input.flag);
  if (!found.ok) return stopped("flag", input.env, found.error);
  const { env, flag } = found.value;
  const { version } = env.state();
  const processes = env.subscribers.list().map(({ name, kind, host, pid, connected, version: has }) => {
    return { name, kind, host, pid, connected, current: has >= version };
  });
  const defaults = env.counts.of(input.flag)?.defaults ?? [];
  const safe = safeVariant(flag);
  const odd = safe === null ? [] : defaults.filter((value) => value !== flag.variants[safe]);
  const data: JsonObject = {
    ...row(env, input.flag, flag),
    variants: { ...flag.variants },
    targeting: flag.targeting ?? null,
    metadata: { ...flag.metadata },
    processes,
    codeDefaults: [...defaults],
  };
  const means =
    odd.length > 0
      ? `Apps pass ${odd.map((value) => JSON.stringify(value)).join(", ")} where nothing is known; the safe value is ${safe}.`
      : "";
  const next = odd.length > 0 ? "Make the default in the code the safe value." : "";
  return outcome(input.env, "done", `${input.flag} is ${String(data["variant"])}.`, means, next, data);
}

export type FlagHistoryInput = { readonly env: string; readonly flag: string | null; readonly limit: number };

export function flagHistory(app: App, input: FlagHistoryInput): Outcome {
  const env = app.flags.env(input.env);
  if (!env) return stopped("flag", input.env, noFlagsHere(input.env));
  const rows = env
    .state()
    .history.filter(({ flag }) => input.flag === null || flag === input.flag)
    .slice(-input.limit)
    .reverse();
  const what =
    rows.length === 0 ? "No flag was ever switched here." : `${rows.length} changes, newest first.`;
  return outcome(input.env, "done", what, "", "", { rows: rows.map((one) => ({ ...one })) });
}

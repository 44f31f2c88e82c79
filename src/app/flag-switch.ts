// lastgood flag on | off | set | lift: a switch above the rules, and proof that every process has it.
import { nearest } from "../config/nearest.ts";
import type { Flag } from "../core/flags/model.ts";
import { offVariant, onVariant } from "../core/flags/model.ts";
import type { JsonObject } from "../core/json.ts";
import { err, ok, type Result } from "../core/result.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import type { App } from "./app.ts";
import type { EnvFlags } from "./flag-desk.ts";
import { forceLive } from "./flag-force.ts";
import { noFlagsHere, outcome } from "./flag-outcome.ts";
import type { Confirmation } from "./flag-subscribers.ts";

/** A process that was switched through its inspector has it, although it confirms nothing. */
function withForced(said: Outcome, forced: readonly JsonObject[]): Outcome {
  const data = { ...said.data, forced: [...forced] };
  if (forced.length === 0) return { ...said, data };
  const rows = forced.map(({ instance, why }) => `${instance}: ${why}`).join("; ");
  const all = forced.every(({ done }) => done === true);
  const ending =
    said.outcome === "waits" && all ? "done" : said.outcome === "waits" ? "failed" : said.outcome;
  const next = "Start them with NODE_OPTIONS=--import=@lastgood/flags/env, and this is not needed again.";
  return { ...said, outcome: ending, means: `Through the inspector: ${rows}.`, next, data };
}

/** What a flag is to become: a value by its meaning, or a variant by its name. */
export type Wish = "on" | "off" | { readonly variant: string };

export type SwitchInput = {
  readonly env: string;
  readonly flag: string;
  readonly to: Wish;
  readonly by: string;
  readonly why: string | null;
  readonly incident: string | null;
  /** The switch lifts itself after this; null: never. */
  readonly forMs: number | null;
  /** Also switch running Node processes that follow nothing, through their inspector. */
  readonly forceLive: boolean;
};

const verb = "flag";

export async function flagSwitch(app: App, input: SwitchInput): Promise<Outcome> {
  const found = findFlag(app, input.env, input.flag);
  if (!found.ok) return stopped(verb, input.env, found.error);
  const { env, flag } = found.value;
  const variant = variantFor(input.flag, flag, input.to);
  if (!variant.ok) return stopped(verb, input.env, variant.error);
  const before = env.state().overrides[input.flag];
  const same = before?.variant === variant.value && input.forMs === null && before.until === null;
  if (!same) {
    env.book.change({
      flag: input.flag,
      variant: variant.value,
      by: input.by,
      why: input.why ?? "no reason given",
      incident: input.incident,
      until: input.forMs === null ? null : app.deps.clock.now() + input.forMs,
      op: null,
    });
  }
  const value = JSON.stringify(flag.variants[variant.value]);
  const done = { flag: input.flag, what: `${input.flag} is ${variant.value} (${value})`, same };
  const said = await confirmed(app, env, done);
  return input.forceLive ? withForced(said, await forceLive(app, env, input.flag, input.by)) : said;
}

export type LiftInput = Pick<SwitchInput, "env" | "flag" | "by" | "why">;

/** The exact rules count again, as they stand in the definitions. */
export async function flagLift(app: App, input: LiftInput): Promise<Outcome> {
  const env = app.flags.env(input.env);
  if (!env) return stopped(verb, input.env, noFlagsHere(input.env));
  if (!Object.hasOwn(env.state().overrides, input.flag)) {
    const what = `${input.flag} is not switched: its rules count already.`;
    return outcome(input.env, "unchanged", what, "", "lastgood flag show has its rules.", {});
  }
  const { flag, by, why } = input;
  const data = { env: input.env, flag, by, why: why ?? "no reason given", op: null };
  app.deps.ledger.record([{ type: "flag.lifted", data }]);
  return confirmed(app, env, { flag, what: `the rules of ${flag} count again`, same: false });
}

type Done = { readonly flag: string; readonly what: string; readonly same: boolean };

/** Wait for the processes, write down what they said, and say it. */
export async function confirmed(app: App, env: EnvFlags, { flag, what, same }: Done): Promise<Outcome> {
  const { version } = env.state();
  const [said] = await Promise.all([env.confirmed(version, app.stopping), env.mirrored()]);
  const missing = said.missing.map(({ name }) => name);
  const ms = Math.round(said.ms);
  if (!same) {
    const data = { env: env.name, flag, version, confirmed: said.confirmed.length, missing, ms };
    app.deps.ledger.record([{ type: "flag.confirmed", data }]);
  }
  const data: JsonObject = {
    flag,
    version,
    ms,
    confirmed: [...said.confirmed],
    missing: said.missing.map((one) => ({ ...one })),
    mirrors: [...env.mirrors()],
  };
  return {
    ...told(env.name, what, said, data),
    ...(same && missing.length === 0 ? { outcome: "unchanged" } : {}),
  };
}

function told(env: string, what: string, said: Confirmation, data: JsonObject): Outcome {
  const all = said.confirmed.length + said.missing.length;
  if (all === 0) {
    const means = "It is written down, but no process listens to flags here, so nobody confirmed it.";
    const next = "lastgood flag doctor says whether it takes effect, and where not why.";
    return outcome(env, "waits", `${cap(what)}.`, means, next, data);
  }
  const sum = `${said.confirmed.length} of ${all} processes confirmed it in ${Math.round(said.ms)} ms`;
  if (said.missing.length === 0)
    return outcome(env, "done", `${cap(what)}; ${sum}.`, "", "Nothing to do.", data);
  const names = said.missing.map(({ name, why }) => `${name} (${why})`).join("; ");
  return {
    ...outcome(
      env,
      "failed",
      `${cap(what)}, but not everywhere: ${sum}.`,
      `Not confirmed: ${names}.`,
      "",
      data,
    ),
    next: "They get it as soon as they are back. Until then end or restart them; lastgood flag doctor shows more.",
  };
}

export function findFlag(app: App, envName: string, name: string): Result<{ env: EnvFlags; flag: Flag }> {
  const env = app.flags.env(envName);
  if (!env) return err(noFlagsHere(envName));
  const flag = env.flags().get(name);
  if (flag) return ok({ env, flag });
  const near = nearest(name, [...env.flags().keys()]);
  const trouble = env.trouble();
  const next = near ? `Did you mean ${near}?` : "lastgood flag list shows all.";
  const why = trouble ? ` The definitions have mistakes: ${trouble.what}` : "";
  return err({ code: "missing", what: `there is no flag ${name} in ${envName}.${why}`, next });
}

function variantFor(name: string, flag: Flag, to: Wish): Result<string> {
  const variant = to === "on" ? onVariant(flag) : to === "off" ? offVariant(flag) : to.variant;
  if (variant !== null && Object.hasOwn(flag.variants, variant)) return ok(variant);
  const what =
    typeof to === "string"
      ? `${name} has no variant that means ${to}`
      : `${name} has no variant ${to.variant}`;
  const next = `lastgood flag set ${name} <variant>; there are: ${Object.keys(flag.variants).join(", ")}.`;
  return err({ code: "usage", what, next });
}

function cap(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

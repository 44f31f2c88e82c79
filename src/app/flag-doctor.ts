// lastgood flag doctor: gathers what files, processes and the service say of each flag, and what follows from it.
import { examine, type FlagFacts, type SeenInstance } from "../core/flags/doctor.ts";
import { variableOf } from "../core/flags/model.ts";
import { type Read, scanSource } from "../core/flags/scan.ts";
import { servicesOf } from "../core/release.ts";
import { envState } from "../core/state.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import type { App } from "./app.ts";
import type { EnvFlags } from "./flag-desk.ts";
import { noFlagsHere, outcome } from "./flag-outcome.ts";

export type FlagDoctorInput = { readonly env: string; readonly source: string | null };

export async function flagDoctor(app: App, input: FlagDoctorInput): Promise<Outcome> {
  const env = app.flags.env(input.env);
  if (!env) return stopped("flag", input.env, noFlagsHere(input.env));
  const reads = input.source === null ? null : await readsIn(app, env, input.source);
  const facts: FlagFacts = {
    flags: flagsOf(env),
    instances: await instancesOf(app, env),
    files: await env.files(),
    reads,
    now: app.deps.clock.now(),
  };
  const findings = examine(facts);
  const trouble = env.trouble();
  const bad = findings.filter(({ severity }) => severity === "bad").length + (trouble ? 1 : 0);
  const data = {
    findings: findings.map((one) => ({ ...one })),
    instances: facts.instances.map(({ name, listens }) => ({
      name,
      listens: listens ? { ...listens } : null,
    })),
    trouble: trouble ? { ...trouble } : null,
  };
  const what =
    bad === 0
      ? `All is well: ${facts.instances.length} processes, ${facts.flags.length} flags.`
      : `${bad} things are wrong.`;
  return outcome(
    input.env,
    bad === 0 ? "done" : "failed",
    what,
    trouble?.what ?? "",
    trouble?.next ?? "",
    data,
  );
}

function flagsOf(env: EnvFlags): FlagFacts["flags"] {
  return [...env.flags()].map(([name, defined]) => {
    const use = env.counts.of(name);
    return {
      name,
      flag: env.ruleset().flags.get(name) ?? defined,
      defined,
      forcedInto: forcedInto(env, name),
      switchedAt: env.state().overrides[name]?.at ?? null,
      evaluations: Object.values(use?.variants ?? {}).reduce((sum, count) => sum + count, 0),
      codeDefaults: use?.defaults ?? [],
    };
  });
}

function forcedInto(env: EnvFlags, flag: string): readonly string[] {
  const { forced, revisions } = env.state();
  const names = Object.keys(forced).filter(
    (key) => key.startsWith(`${flag} `) && forced[key] === revisions[flag],
  );
  return names.map((key) => key.slice(flag.length + 1));
}

/** Instances that we started, and processes that listen without being ours. */
export async function instancesOf(app: App, env: EnvFlags): Promise<readonly SeenInstance[]> {
  const { version } = env.state();
  const listening = new Map(env.subscribers.list().map((one) => [one.name, one]));
  const listens = (name: string) => {
    const found = listening.get(name);
    listening.delete(name);
    return found ? { current: found.version >= version, kind: found.kind, connected: found.connected } : null;
  };
  const variables = [...env.flags()].map(([name, flag]) => variableOf(name, flag));
  const seen: SeenInstance[] = [];
  for (const name of await runningInstances(app, env.name)) {
    const started = await app.flags.startedWith(name, variables);
    seen.push({ name, listens: listens(name), started });
  }
  for (const name of [...listening.keys()]) seen.push({ name, listens: listens(name), started: null });
  return seen;
}

async function runningInstances(app: App, name: string): Promise<readonly string[]> {
  const site = app.sites.get(name);
  const { serving, releases } = envState(app.deps.ledger.state(), name);
  const release = serving === null ? null : (releases[serving]?.release ?? null);
  const names: string[] = [];
  for (const service of servicesOf(release)) {
    const all = await site?.world.runtime.instances(service);
    if (!all?.ok) continue;
    names.push(...all.value.filter(({ state }) => state === "running").map(({ id }) => id));
  }
  return names;
}

async function readsIn(app: App, env: EnvFlags, folder: string): Promise<readonly Read[]> {
  const sources = await app.flags.sources(folder);
  return sources.flatMap(({ file, text }) => scanSource(file, text, env.flags()));
}

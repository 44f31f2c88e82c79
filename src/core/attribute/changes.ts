// What changed in an environment, as a fold: deploys and ways back, their migrations, what an app is started with, flags,
// the config, certificates. Pure.
import type { Event } from "../event.ts";
import { canonical } from "../json.ts";
import type { Release } from "../release.ts";
import type { RunState } from "../run.ts";
import type { Change } from "./attribution.ts";

export type Changes = {
  /** Oldest first. Of one moment: what is likelier to be felt first. */
  readonly known: readonly (Change & { readonly run?: string })[];
  /** Digests of the config that is in force, by key; null: none was noted. */
  readonly config: Readonly<Record<string, string>> | null;
  /** Fingerprints by what shows the certificate. */
  readonly certificates: Readonly<Record<string, string>>;
};

export const noChanges: Changes = { known: [], config: null, certificates: {} };

const changesKept = 50;
/** More names than anybody reads. */
const namesShown = 5;

/** `releases`: what the environment knows of releases, by id. The same object where nothing changed. */
export function foldChanges(
  changes: Changes,
  event: Event,
  run: RunState | null,
  releases: Readonly<Record<string, { readonly release: Release }>>,
): Changes {
  const { at } = event;
  switch (event.type) {
    case "flag.switched":
    case "flag.lifted":
      return add(changes, [{ kind: "flag", name: event.data.flag, at }]);
    case "config.applied":
      return configured(changes, event.data.parts, at);
    case "certificate.seen": {
      const { about, fingerprint, since } = event.data;
      const isFirst = changes.certificates[about] === undefined;
      const seen = { ...changes, certificates: { ...changes.certificates, [about]: fingerprint } };
      return isFirst ? seen : add(seen, [{ kind: "certificate", name: about, at: since }]);
    }
    case "step.verified":
      if (run === null) return changes;
      if (event.data.kind === "task.run" && event.data.direction === "do")
        return add(changes, [{ kind: "migration", name: taskName(event.data.evidence), at }]);
      return event.data.kind === "traffic.switch" || event.data.kind === "service.rollout"
        ? switched(changes, run, at, releases)
        : changes;
    case "run.ended":
      return run !== null && event.data.outcome === "done" ? switched(changes, run, at, releases) : changes;
    default:
      return changes;
  }
}

const noChange: readonly string[] = ["retire", "revive", "flag-off", "leave"];

/** From the first switch of a run on its release is met; of one that switches nothing, from its end on. */
function switched(
  changes: Changes,
  { run, plan }: RunState,
  at: number,
  releases: Readonly<Record<string, { readonly release: Release }>>,
): Changes {
  if (noChange.includes(plan.kind) || changes.known.some((one) => one.run === run)) return changes;
  if (plan.kind === "migrate-down") return add(changes, [{ kind: "migration", name: plan.target, at, run }]);
  const from = plan.from === null ? null : (releases[plan.from]?.release ?? null);
  const values = environmentChanges(from, releases[plan.target]?.release ?? null);
  const env = values.length === 0 ? [] : [{ kind: "env" as const, name: named(values), at, run }];
  return add(changes, [{ kind: "deploy", name: plan.target, at, run }, ...env]);
}

function configured(changes: Changes, parts: Readonly<Record<string, string>>, at: number): Changes {
  const { config } = changes;
  const keys = [...new Set([...Object.keys(config ?? {}), ...Object.keys(parts)])];
  const others = keys.filter((key) => config?.[key] !== parts[key]).toSorted();
  const now = { ...changes, config: parts };
  if (config === null || others.length === 0) return now;
  return add(now, [{ kind: "config", name: `lastgood.yml (${named(others)})`, at }]);
}

/** Names of what services of both releases are started with otherwise; never values. */
export function environmentChanges(from: Release | null, to: Release | null): readonly string[] {
  return Object.entries(to?.services ?? {}).flatMap(([service, { spec }]) => {
    const before = from?.services[service]?.spec;
    if (!before) return [];
    const names = valueNames(before["env"], spec["env"]).map((name) => `${name} of ${service}`);
    const whole = wholes.filter(([key]) => {
      return before[key] !== undefined && spec[key] !== undefined && before[key] !== spec[key];
    });
    return [...names, ...whole.map(([, what]) => `${what} of ${service}`)];
  });
}

/** Where a runtime keeps only a digest of it. */
const wholes = [
  ["envFileDigest", "env file"],
  ["envDigest", "environment"],
] as const;

function valueNames(before: unknown, now: unknown): readonly string[] {
  const [a, b] = [valuesOf(before), valuesOf(now)];
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].toSorted();
  return names.filter((name) => canonical(a[name] ?? null) !== canonical(b[name] ?? null));
}

function valuesOf(env: unknown): Readonly<Record<string, string>> {
  return typeof env === "object" && env !== null ? (env as Record<string, string>) : {};
}

function named(names: readonly string[]): string {
  const more = names.length - namesShown;
  return more > 0 ? `${names.slice(0, namesShown).join(", ")} and ${more} more` : names.join(", ");
}

function taskName(evidence: unknown): string {
  const { task } = (evidence ?? {}) as { task?: unknown };
  return typeof task === "string" ? task : "task";
}

function add(changes: Changes, more: Changes["known"]): Changes {
  return { ...changes, known: [...changes.known, ...more].slice(-changesKept) };
}

// The building blocks that all plans share: a rollback is the deploy pipeline with another target.
import type { Json } from "../json.ts";
import type { Release } from "../release.ts";
import { assert } from "../result.ts";
import { name, type PlanFacts } from "./facts.ts";
import type { PlanStep, UndoStep } from "./plan.ts";

type Traits = {
  safe?: boolean;
  onFailure?: "turn" | "pause";
  /** Only while requests wait. */
  held?: boolean;
};

function step(key: string, kind: string, title: string, input: Json, traits: Traits = {}): PlanStep {
  return {
    key,
    kind,
    title,
    input,
    safePointAfter: traits.safe ?? true,
    onFailure: traits.onFailure ?? "turn",
  };
}

export function undoing(of: readonly string[], forward: PlanStep): UndoStep {
  const { onFailure: _, key, ...rest } = forward;
  return { ...rest, key: `undo-${key}`, of: [...of] };
}

export function prepare(facts: PlanFacts): PlanStep {
  return step("prepare", "release.prepare", `prove that all of ${name(facts.target)} is here`, {
    release: facts.target.id,
  });
}

/** Where nobody writes meanwhile (`safe` is false: requests wait), the position is read too: it costs a full read. */
export function backUp(facts: PlanFacts, safe: boolean): PlanStep {
  const title = `take a restore point before ${name(facts.target)}`;
  return step(
    "backup",
    "database.backup",
    title,
    { label: `before-${facts.target.id}`, position: !safe },
    { safe },
  );
}

export function start(facts: PlanFacts, release: Release, traits: Traits = {}): PlanStep {
  const title =
    facts.from && release !== facts.from && traits.safe !== false
      ? `start ${name(release)} beside ${name(facts.from)}`
      : `start ${name(release)}`;
  return step("start", "instance.start", title, { service: facts.service, release: release.id }, traits);
}

export function health(facts: PlanFacts, release: Release, traits: Traits = {}): PlanStep {
  const spec = release.services[facts.service]?.health;
  assert(spec, `release ${release.id} has no service ${facts.service}`);
  const input = { service: facts.service, release: release.id, ...spec };
  return step("health", "instance.health", `wait until ${name(release)} is healthy`, input, traits);
}

export function smoke(facts: PlanFacts, release: Release, traits: Traits = {}): readonly PlanStep[] {
  if (facts.smoke.length === 0) return [];
  const input = {
    service: facts.service,
    release: release.id,
    checks: facts.smoke.map((check) => ({ ...check })),
  };
  return [step("smoke", "smoke.run", `try the smoke checks on ${name(release)}`, input, traits)];
}

export function switchTo(facts: PlanFacts, release: Release | null, traits: Traits = {}): PlanStep {
  const title = release ? `send new requests to ${name(release)}` : "send new requests to nobody, as before";
  return step(
    "switch",
    "traffic.switch",
    title,
    { service: facts.service, release: release?.id ?? null, mustBeHeld: traits.held === true },
    traits,
  );
}

export function drain(facts: PlanFacts, release: Release, traits: Traits = {}): PlanStep {
  const input = { service: facts.service, release: release.id, timeoutMs: facts.drainMs };
  return step("drain", "traffic.drain", `let requests on ${name(release)} finish`, input, traits);
}

export function verify(facts: PlanFacts, release: Release, traits: Traits = {}): PlanStep {
  const path = release.services[facts.service]?.health.path ?? "/";
  const input = { release: release.id, path };
  return step(
    "verify",
    "release.verify",
    `ask the public port whether ${name(release)} answers`,
    input,
    traits,
  );
}

export function stop(facts: PlanFacts, release: Release, traits: Traits = {}): PlanStep {
  const graceMs = release.services[facts.service]?.stopGraceMs ?? 0;
  return step(
    "stop",
    "instance.stop",
    `stop ${name(release)}`,
    { service: facts.service, release: release.id, graceMs },
    traits,
  );
}

export function hold(): PlanStep {
  return step("hold", "traffic.hold", "let new requests wait", { held: true }, { safe: false });
}

export function letGo(traits: Traits = {}): PlanStep {
  return step("let-go", "traffic.hold", "let waiting requests go on", { held: false }, traits);
}

export function restore(backup: string): PlanStep {
  return step(
    "restore",
    "database.restore",
    `put ${backup} in place of the database, keep what is there`,
    { backup },
    { safe: false },
  );
}

/** Give a step another key, where a plan has two of a kind. */
export function as(key: string, block: PlanStep): PlanStep {
  return { ...block, key };
}

export function unrestore(): PlanStep {
  return step("unrestore", "database.unrestore", "put the database back as it was", { of: "restore" });
}

export function returnDatabase(): PlanStep {
  return step("return-database", "database.return", "put the database back as it was before", {
    of: "backup",
  });
}

export function setFlag(flag: string, on: boolean, traits: Traits = {}): PlanStep {
  return step("flag", "flag.set", `switch ${flag} ${on ? "on" : "off"}`, { flag, on }, traits);
}

export function forget(release: string): PlanStep {
  return step(`forget-${release}`, "release.forget", `drop the files of ${release}`, { release });
}

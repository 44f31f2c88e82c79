// The building blocks that all plans share: a rollback is the deploy pipeline with another target.
import type { Flow, FlowMark, Moment } from "../flows/flow.ts";
import type { Json } from "../json.ts";
import { type Release, routedOf, type ServiceSpec, servicesOf } from "../release.ts";
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

export function undoing(of: readonly PlanStep[], forward: readonly PlanStep[]): readonly UndoStep[] {
  const keys = of.map((one) => one.key);
  if (keys.length === 0) return [];
  return forward.map(({ onFailure: _, key, ...rest }) => ({ ...rest, key: `undo-${key}`, of: keys }));
}

/** `api of v2`, or only `v2` where the release is one service. */
function part(release: Release, service: string): string {
  return servicesOf(release).length > 1 ? `${service} of ${name(release)}` : name(release);
}

function specOf(release: Release, service: string): ServiceSpec {
  const spec = release.services[service];
  assert(spec, `release ${release.id} has no service ${service}`);
  return spec;
}

export function prepare(facts: PlanFacts): PlanStep {
  return step("prepare", "release.prepare", `prove that all of ${name(facts.target)} is here`, {
    release: facts.target.id,
  });
}

/** Plain `{}`: the database is the environment's own. */
export function copyDatabase(): PlanStep {
  const title = "copy the database as it lies there, while nobody is in it";
  return step("copy", "database.copy", title, {}, { safe: false });
}

/** Where nobody writes meanwhile (`safe` is false: requests wait), the position is read too: it costs a full read. */
export function backUp(facts: PlanFacts, safe: boolean): PlanStep {
  const title = `take a restore point before ${name(facts.target)}`;
  return step(
    "backup",
    "database.backup",
    title,
    { label: `before-${facts.target.id}`, position: !safe, ...(facts.copy ? { copy: "copy" } : {}) },
    { safe },
  );
}

/** Beside the database's restore point. A snapshot is of one moment, whoever writes meanwhile. */
export function snapshots(facts: PlanFacts, traits: Traits = {}): readonly PlanStep[] {
  return (facts.stores ?? []).map((store) =>
    step(
      `backup-${store}`,
      "database.backup",
      `take a snapshot of ${store} before ${name(facts.target)}`,
      { label: `before-${facts.target.id}`, position: false, store },
      traits,
    ),
  );
}

/** Once, in the new release, before it gets requests: migrations and the like. */
export function tasks(facts: PlanFacts, traits: Traits = {}): readonly PlanStep[] {
  return facts.tasks.map((task) =>
    step(
      `task-${task.name}`,
      "task.run",
      `run ${task.name} once in ${name(facts.target)}`,
      { ...task, argv: [...task.argv], release: facts.target.id },
      traits,
    ),
  );
}

export function start(facts: PlanFacts, release: Release, service: string, traits: Traits = {}): PlanStep {
  const beside = facts.from && release !== facts.from && traits.safe !== false;
  const isApp = specOf(release, service).class === "app";
  const title = `start ${part(release, service)}${beside && isApp ? ` beside ${name(facts.from)}` : ""}`;
  return step(`start-${service}`, "instance.start", title, { service, release: release.id }, traits);
}

export function health(release: Release, service: string, traits: Traits = {}): PlanStep {
  const input = { service, release: release.id, ...specOf(release, service).health };
  const title = `wait until ${part(release, service)} is healthy`;
  return step(`health-${service}`, "instance.health", title, input, traits);
}

/** All apps start first, then all are waited for: the slowest one decides, not their sum. */
export function bringUp(facts: PlanFacts, release: Release, which: readonly string[], traits: Traits = {}) {
  return [
    ...which.map((service) => start(facts, release, service, traits)),
    ...which.map((service) => health(release, service, traits)),
  ];
}

type Wanted = { readonly checks: { path: string; expect: number }[]; readonly flows: Flow[] };

/** By service, what a fresh instance of it is tried with. */
export function smokeWanted(
  facts: Pick<PlanFacts, "smoke" | "flows">,
  release: Release,
): ReadonlyMap<string, Wanted> {
  const [first] = routedOf(release);
  const wanted = new Map<string, Wanted>();
  const at = (service: string | null) => {
    const place = service ?? first;
    if (place === undefined || !release.services[place]) return null;
    const found = wanted.get(place) ?? { checks: [], flows: [] };
    wanted.set(place, found);
    return found;
  };
  for (const { service, path, expect } of facts.smoke) at(service)?.checks.push({ path, expect });
  for (const one of flowsAt(facts, "start")) at(one.service)?.flows.push(one.flow);
  return wanted;
}

/** On the fresh instances, before anybody else reaches them: single requests, then flows. */
export function smoke(facts: PlanFacts, release: Release, traits: Traits = {}): readonly PlanStep[] {
  return [...smokeWanted(facts, release)].map(([service, { checks, flows }]) =>
    step(
      `smoke-${service}`,
      "smoke.run",
      `try the smoke checks on ${part(release, service)}`,
      { service, release: release.id, checks, ...(flows.length === 0 ? {} : { flows }) },
      traits,
    ),
  );
}

const lookBefore = "flows-before";

/** The same flows on what serves still: only to be compared with. Nothing where nothing serves. */
export function flowsBefore(facts: PlanFacts): readonly PlanStep[] {
  const flows = flowsAt(facts, "switch").map((one) => one.flow);
  if (!facts.from || flows.length === 0) return [];
  const title = `look how the flows do on ${name(facts.from)}`;
  return [publicFlows(lookBefore, title, facts.from, flows, { onlyLook: true })];
}

/** As users do them, through the public port. After a rollback too, where a person is asked when one fails. */
export function flowsAfter(facts: PlanFacts, moment: "switch" | "rollback", traits: Traits = {}) {
  const flows = flowsAt(facts, moment).map((one) => one.flow);
  if (flows.length === 0) return [];
  const title = `try the flows through the public port`;
  const looked = moment === "switch" && facts.from ? { before: lookBefore } : seenBefore(facts, moment);
  return [publicFlows("flows", title, facts.target, flows, looked, traits)];
}

/** After a way back nobody waits for a look at what was left: the target is compared with itself, while it served. */
function seenBefore({ flowsSeen = [] }: PlanFacts, moment: "switch" | "rollback") {
  return moment === "rollback" && flowsSeen.length > 0 ? { seen: flowsSeen.map((one) => ({ ...one })) } : {};
}

function publicFlows(
  key: string,
  title: string,
  release: Release,
  flows: readonly Flow[],
  more: { onlyLook?: true; before?: string; seen?: FlowMark[] },
  traits: Traits = {},
): PlanStep {
  const [service = ""] = routedOf(release);
  const input = { service, release: release.id, checks: [], flows: [...flows], through: "public", ...more };
  return step(key, "smoke.run", title, input, traits);
}

function flowsAt(facts: Pick<PlanFacts, "flows">, moment: Moment) {
  return (facts.flows ?? []).filter((one) => one.at.includes(moment));
}

/** To a release's own service, or to nobody where it has none of that name. */
export function switchTo(release: Release | null, service: string, traits: Traits = {}): PlanStep {
  const there = release?.services[service]?.routed ? release : null;
  const title = there
    ? `send new requests to ${part(there, service)}`
    : `send new requests for ${service} to nobody${release === null ? ", as before" : ""}`;
  const input = { service, release: there?.id ?? null, mustBeHeld: traits.held === true };
  return step(`switch-${service}`, "traffic.switch", title, input, traits);
}

/** Some switched, others not, is no state to stop in: only after the last one is production whole again. */
export function switchAll(release: Release | null, order: readonly string[], traits: Traits = {}) {
  return order.map((service, at) => {
    const isLast = at === order.length - 1;
    return switchTo(release, service, isLast ? traits : { ...traits, safe: false });
  });
}

export function drain(facts: PlanFacts, release: Release, service: string, traits: Traits = {}): PlanStep {
  const input = { service, release: release.id, timeoutMs: facts.drainMs };
  const title = `let requests on ${part(release, service)} finish`;
  return step(`drain-${service}`, "traffic.drain", title, input, traits);
}

export function verify(release: Release, traits: Traits = {}): readonly PlanStep[] {
  return routedOf(release).map((service) =>
    step(
      `verify-${service}`,
      "release.verify",
      `ask the public port whether ${part(release, service)} answers`,
      { service, release: release.id, path: specOf(release, service).health.path ?? "/" },
      traits,
    ),
  );
}

export function stop(release: Release, service: string, traits: Traits = {}): PlanStep {
  const graceMs = specOf(release, service).stopGraceMs;
  const input = { service, release: release.id, graceMs };
  return step(`stop-${service}`, "instance.stop", `stop ${part(release, service)}`, input, traits);
}

export function hold(release: Release, services: readonly string[]): readonly PlanStep[] {
  return services.map((service) =>
    step(
      `hold-${service}`,
      "traffic.hold",
      `let new requests${ofService(release, service)} wait`,
      { service, held: true },
      { safe: false },
    ),
  );
}

export function letGo(
  release: Release,
  services: readonly string[],
  traits: Traits = {},
): readonly PlanStep[] {
  return services.map((service, at) =>
    step(
      `let-go-${service}`,
      "traffic.hold",
      `let waiting requests${ofService(release, service)} go on`,
      { service, held: false },
      at === services.length - 1 ? traits : { ...traits, safe: false },
    ),
  );
}

function ofService(release: Release, service: string): string {
  return servicesOf(release).length > 1 ? ` for ${service}` : "";
}

/** `store`: beside the database; null: the database itself. */
export function prepareDatabase(backup: string, store: string | null): PlanStep {
  const title = `restore ${backup} beside ${store ?? "the database"}, and prove it whole`;
  return step("prepare-database", "database.prepare", title, { backup, ...named(store) });
}

export function restore(backup: string, store: string | null): PlanStep {
  return step(
    "restore",
    "database.restore",
    `put ${backup} in place of ${store ?? "the database"}, keep what is there`,
    { backup, ...named(store) },
    { safe: false },
  );
}

function named(store: string | null): { readonly store?: string } {
  return store === null ? {} : { store };
}

/** Give a step another key, where a plan has two of a kind. */
export function as(key: string, block: PlanStep): PlanStep {
  return { ...block, key };
}

/** The same with an ending to their keys. */
export function ending(end: string, blocks: readonly PlanStep[]): readonly PlanStep[] {
  return blocks.map((block) => as(`${block.key}-${end}`, block));
}

export function unrestore(store: string | null): PlanStep {
  const title = `put ${store ?? "the database"} back as it was`;
  return step("unrestore", "database.unrestore", title, { of: "restore", ...named(store) });
}

export function returnDatabase(): PlanStep {
  return step("return-database", "database.return", "put the database back as it was before", {
    of: "backup",
  });
}

/** The platform replaces the copies of a service by itself; it is done when all that are wanted run the release. */
export function rollOut(release: Release, service: string, traits: Traits = {}): PlanStep {
  const { timeoutMs } = specOf(release, service).health;
  const title = `let the platform replace ${service} by ${part(release, service)}`;
  const input = { service, release: release.id, timeoutMs };
  return step(`roll-out-${service}`, "service.rollout", title, input, traits);
}

export function setFlag(flag: string, on: boolean, traits: Traits = {}): PlanStep {
  return step("flag", "flag.set", `switch ${flag} ${on ? "on" : "off"}`, { flag, on }, traits);
}

export function forget(release: string): PlanStep {
  return step(`forget-${release}`, "release.forget", `drop the files of ${release}`, { release });
}

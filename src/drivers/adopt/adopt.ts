// Takes a stack over that runs already, and gives it back: names, ports and addresses change hands, step by step.
import { limits } from "../../core/limits.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Files } from "../../ports/files.ts";
import type { Op } from "../../ports/op.ts";
import type { Container } from "../docker/inspect.ts";
import type { EdgeConfig, EdgeTraffic } from "../traffic/edge/edge.ts";
import { planAdoption, type ServiceAdoption } from "./adopt-plan.ts";
import { type FrontDeps, type Pointing, point, prove, reload, unpin, untilOldWorkersLeft } from "./fronts.ts";
import { watchGap } from "./gap.ts";
import { intend, type KeepWhat, renameKept, stopKept } from "./keep.ts";
import { lookAround } from "./look.ts";
import { readRecord, setStage, writeRecord } from "./record.ts";

export type Adoptee = {
  readonly config: EdgeConfig;
  readonly edge: EdgeTraffic;
  /** Asked through nginx to prove the way; null where the service has none. */
  readonly healthPath: string | null;
  /** What its own container is given to end. */
  readonly graceMs: number;
};

export type AdoptDeps = FrontDeps & {
  readonly files: Files;
  /** Absolute; one file a service. */
  readonly folder: string;
  readonly drainMs?: number;
  say(line: string): void;
};

/** `gapMs`: longest time without an answer, by port that changed hands. `proofs`: URLs that were seen to pass the edge. */
export type Adopted = {
  readonly gapMs: Readonly<Record<string, number>>;
  readonly proofs: readonly string[];
};

export async function adoptionPlans(
  deps: AdoptDeps,
  of: readonly Adoptee[],
): Promise<Result<readonly ServiceAdoption[]>> {
  const [first] = of;
  if (!first) return ok([]);
  const around = await lookAround(deps.docker, first.config.project);
  if (!around.ok) return around;
  const plans: ServiceAdoption[] = [];
  for (const { config, healthPath } of of) {
    const plan = planAdoption(config, around.value, healthPath);
    if (!plan.ok) return plan;
    plans.push(plan.value);
  }
  return ok(plans);
}

/**
 * Each edge must have a backend already: a healthy instance of the release that the user's containers run.
 * What can change hands without a gap does so first: the edge takes the names, nginx is led to it and proved, the old
 * containers end. Then ports and fixed addresses. May be repeated after any crash.
 */
export async function adopt(deps: AdoptDeps, op: Op, of: readonly Adoptee[]): Promise<Result<Adopted>> {
  const plans = await adoptionPlans(deps, of);
  if (!plans.ok) return plans;
  const pairs = of
    .map((one, i) => [one, plans.value[i]] as const)
    .filter((pair): pair is Pair => pair[1] !== undefined);
  for (const [{ edge, config }] of pairs) {
    const now = await edge.now();
    if (!now.ok) return now;
    if (now.value.backend === null) {
      return problem(
        "refused",
        `the edge of ${config.service} has no instance to send requests to`,
        "start one and switch to it first",
        config.service,
      );
    }
  }
  for (const [adoptee, { foreign }] of pairs.filter(([, plan]) => plan.foreign.length > 0)) {
    const intended = await intend(deps, op, whatOf(adoptee), foreign);
    if (!intended.ok) return intended;
  }
  const open: Pair[] = [];
  for (const pair of pairs) {
    const known = await readRecord(deps.files, deps.folder, pair[0].config.service);
    if (!known.ok) return known;
    if (known.value?.stage === "taking") open.push(pair);
    else {
      // Nobody else has its names: nothing has to be led anywhere.
      const joined = await pair[0].edge.join();
      if (!joined.ok) return joined;
    }
  }
  const smooth = await adoptSmoothly(
    deps,
    op,
    open.filter(([, { handover }]) => handover.length === 0),
  );
  if (!smooth.ok) return smooth;
  const gapMs: Record<string, number> = {};
  const proofs = [...smooth.value];
  for (const pair of open.filter(([, { handover }]) => handover.length > 0)) {
    const handed = await handOver(deps, op, pair);
    if (!handed.ok) return handed;
    Object.assign(gapMs, handed.value.gapMs);
    proofs.push(...handed.value.proofs);
  }
  for (const { config } of of) {
    const taken = await setStage(deps.files, deps.folder, config.service, "taken");
    if (!taken.ok) return taken;
  }
  return ok({ gapMs, proofs });
}

type Pair = readonly [Adoptee, ServiceAdoption];

async function adoptSmoothly(
  deps: AdoptDeps,
  op: Op,
  pairs: readonly Pair[],
): Promise<Result<readonly string[]>> {
  const pointings: Pointing[] = [];
  for (const [{ edge, config }, { fronts }] of pairs) {
    const joined = await edge.join();
    if (!joined.ok) return joined;
    for (const front of fronts) {
      const ip = await edge.address(front.network);
      if (!ip.ok) return ip;
      pointings.push({ front, owner: ownerOf(config), ip: ip.value });
    }
  }
  const proofs = await lead(deps, op, pointings);
  if (!proofs.ok) return proofs;
  for (const pair of pairs) {
    const aside = await setAside(deps, op, pair);
    if (!aside.ok) return aside;
  }
  const unpinned = await unpinAll(deps, op, pointings);
  return unpinned.ok ? proofs : unpinned;
}

/** One reload for each nginx, however many services it sends to. */
async function lead(
  deps: AdoptDeps,
  op: Op,
  pointings: readonly Pointing[],
): Promise<Result<readonly string[]>> {
  const proofs: string[] = [];
  for (const container of containersOf(pointings)) {
    const own = pointings.filter(({ front }) => front.container.id === container.id);
    deps.say(`reloading nginx in ${container.name}`);
    const pointed = await point(deps, op, container, own);
    if (!pointed.ok) return pointed;
    for (const { front } of own) {
      const proof = await prove(deps, op, front, "edge");
      if (!proof.ok) return proof;
      proofs.push(proof.value);
    }
    const left = await untilOldWorkersLeft(deps, op, container, deps.drainMs ?? limits.drainDefaultMs);
    if (!left)
      deps.say(
        `old connections of ${container.name} are still open after the drain time: they end with the old container`,
      );
  }
  return ok(proofs);
}

async function unpinAll(deps: AdoptDeps, op: Op, pointings: readonly Pointing[]): Promise<Result<void>> {
  for (const container of containersOf(pointings)) {
    const owners = pointings
      .filter(({ front }) => front.container.id === container.id)
      .map(({ owner }) => owner);
    const done = await unpin(deps.docker, op, container, owners);
    if (!done.ok) return done;
  }
  return ok(undefined);
}

/** What only one can have: the old container ends, and the edge, which runs already, takes it in the same moment. */
async function handOver(deps: AdoptDeps, op: Op, pair: Pair): Promise<Result<Adopted>> {
  const [{ edge, config }, { fronts, handover }] = pair;
  deps.say(`${handover.join(" and ")} of ${config.service} changes hands now`);
  const [port] = config.published;
  const host =
    port?.hostIp === "" || port?.hostIp === "0.0.0.0" || port === undefined ? "127.0.0.1" : port.hostIp;
  const gap = port === undefined ? null : watchGap(deps.http, deps.clock, `http://${host}:${port.hostPort}/`);
  // As little as can be lies between the end of the one and the start of the other.
  const intended = await intend(deps, op, whatOf(pair[0]), pair[1].foreign);
  const stopped = intended.ok ? await stopKept(deps, op, whatOf(pair[0]), intended.value) : intended;
  const joined = stopped.ok ? await edge.join() : stopped;
  const longest = (await gap?.end()) ?? null;
  if (!joined.ok) return joined;
  const proofs: string[] = [];
  for (const front of fronts) {
    const reloaded = await reload(deps.docker, op, front.container);
    if (!reloaded.ok) return reloaded;
    const proof = await prove(deps, op, front, "edge");
    if (!proof.ok) return proof;
    proofs.push(proof.value);
  }
  if (!intended.ok) return intended;
  const renamed = await renameKept(deps, op, intended.value);
  if (!renamed.ok) return renamed;
  if (port === undefined || longest === null) return ok({ gapMs: {}, proofs });
  const told = await writeRecord(deps.files, deps.folder, { ...intended.value, gapMs: longest });
  return told.ok ? ok({ gapMs: { [String(port.hostPort)]: longest }, proofs }) : told;
}

async function setAside(deps: AdoptDeps, op: Op, [adoptee]: Pair): Promise<Result<void>> {
  const known = await readRecord(deps.files, deps.folder, adoptee.config.service);
  if (!known.ok || known.value === null) return known.ok ? ok(undefined) : known;
  const stopped = await stopKept(deps, op, whatOf(adoptee), known.value);
  return stopped.ok ? await renameKept(deps, op, known.value) : stopped;
}

export function whatOf({ config: { project, service }, graceMs }: Adoptee): KeepWhat {
  return { project, service, graceMs };
}

export function ownerOf({ project, service }: EdgeConfig): string {
  return `${project}/${service}`;
}

function containersOf(pointings: readonly Pointing[]): readonly Container[] {
  return [...new Map(pointings.map(({ front }) => [front.container.id, front.container])).values()];
}

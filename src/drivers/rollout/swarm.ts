// Docker Swarm replaces services in place. The engine's version of a service is the compare-and-set, labels are the mark.
import type { Release } from "../../core/release.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Op } from "../../ports/op.ts";
import type { Rollout, RolloutState } from "../../ports/rollout.ts";
import {
  filters,
  nodes as nodesShape,
  type SwarmSpec,
  type SwarmState,
  service as serviceShape,
  services as servicesShape,
  tasks as tasksShape,
} from "../runtime/swarm/api.ts";
import {
  engineName,
  labels,
  type SwarmConfig,
  type SwarmDeps,
  swarmLayout,
} from "../runtime/swarm/config.ts";
import type { SwarmDocument } from "../runtime/swarm/document.ts";
import { type Engine, engine as engineOf, refused } from "../runtime/swarm/engine.ts";
import { redactorOf } from "../runtime/swarm/instances.ts";
import { readDocument } from "../runtime/swarm/store.ts";
import { furnish } from "./swarm-furnish.ts";
import {
  epochOf,
  generationOf,
  type Look,
  markOf,
  pushedOf,
  rolloutState,
  writtenOff,
} from "./swarm-state.ts";

/** The engine's own notes about an update may get in between; each try compares again. */
const tries = 5;
/** What a change of a service that is not there yet is compared with. */
const notThere = 0;

/** Releases are those that `swarmRuntime` of the same configuration has captured. */
export function swarmRollout(config: SwarmConfig, deps: Pick<SwarmDeps, "files" | "http">): Rollout {
  const engine = engineOf(deps.http, config.socket);
  const where = swarmLayout(config.stateDir);
  const now = async (service: string): Promise<Result<RolloutState>> => {
    const [seen, redact] = await Promise.all([
      look(engine, engineName(config.stackName, service)),
      redactorOf(deps, where, service),
    ]);
    if (!seen.ok) return seen;
    return redact.ok ? ok({ ...seen.value, what: redact.value(seen.value.what) }) : redact;
  };
  return {
    now,
    async change(op, service, expected, release) {
      if (op.signal.aborted) return cancelled;
      const all = await readDocument(deps.files, where, release);
      if (!all.ok) return all;
      const spec = all.value.services[service];
      if (!spec) return notInRelease(service, release);
      const ordered = await order(engine, config, {
        op,
        expected,
        all: all.value,
        spec,
        release: release.id,
      });
      return ordered.ok ? now(service) : ordered;
    },
  };
}

async function look(engine: Engine, name: string): Promise<Result<RolloutState>> {
  const seen = await lookAt(engine, name);
  if (!seen.ok) return seen;
  return seen.value === null ? noSuch(name) : ok(rolloutState(seen.value));
}

/** Null where there is no such service. */
async function lookAt(engine: Engine, name: string): Promise<Result<Look | null>> {
  const service = await engine.get(`/services/${name}`, serviceShape);
  if (!service.ok) return service;
  if (service.value.value === null) return ok(null);
  const [tasks, nodes] = await Promise.all([
    engine.get("/tasks", tasksShape, filters({ service: [service.value.value.ID] })),
    engine.get("/nodes", nodesShape),
  ]);
  if (!tasks.ok) return tasks;
  if (!nodes.ok) return nodes;
  const { at } = tasks.value;
  return ok({
    service: service.value.value,
    tasks: tasks.value.value ?? [],
    nodes: nodes.value.value ?? [],
    at,
  });
}

type Order = {
  readonly op: Op;
  readonly expected: number;
  readonly all: SwarmDocument;
  readonly spec: SwarmSpec;
  readonly release: string;
};

async function order(engine: Engine, config: SwarmConfig, wanted: Order): Promise<Result<void>> {
  const { op, expected, all } = wanted;
  for (let attempt = 1; attempt <= tries; attempt++) {
    const stack = await engine.get(
      "/services",
      servicesShape,
      filters({ label: [`${labels.stack}=${config.stackName}`] }),
    );
    if (!stack.ok) return stack;
    const highest = Math.max(...(stack.value.value ?? []).map(epochOf));
    if (op.epoch < highest) return fenced(op, highest);
    const found = await lookAt(engine, wanted.spec.Name);
    if (!found.ok) return found;
    const service = found.value?.service ?? null;
    const isOrdered = service !== null && markOf(service) === op.id;
    // The order stands; it is repeated only where the engine waits for what will never come.
    const lost = isOrdered && found.value ? writtenOff(found.value) : 0;
    if (isOrdered && lost <= pushedOf(service)) return ok(undefined);
    const generation = service ? generationOf(service) : notThere;
    if (generation !== expected && !isOrdered) return moved(wanted.spec.Name, service);
    const furnished = await furnish(engine, all, wanted.spec);
    if (!furnished.ok) return furnished;
    const said = await engine.post(
      service ? `/v${all.api}/services/${service.ID}/update` : `/v${all.api}/services/create`,
      marked(furnished.value, wanted, isOrdered ? { generation: generation - 1, lost } : null),
      service ? { version: String(service.Version.Index) } : {},
      op.signal,
    );
    if (!said.ok) return said;
    if (said.value.status < 300) return ok(undefined);
    if (!isStale(said.value.status, said.value.message))
      return refused(said.value.status, said.value.message);
  }
  return problem(
    "busy",
    `${wanted.spec.Name} changes all the time`,
    "find out who changes it, then say it again",
  );
}

/** The same order once more: it keeps its number, and says how many copies were written off. */
type Again = { readonly generation: number; readonly lost: number } | null;

/** Copies get the release only: with the op in them too, the engine would replace copies that run it already. */
function marked(spec: SwarmSpec, { op, expected, release }: Order, again: Again): SwarmSpec {
  const { ContainerSpec: container } = spec.TaskTemplate;
  const copy = { ...container, Labels: { ...container.Labels, [labels.release]: release } };
  const marks = {
    [labels.release]: release,
    [labels.op]: op.id,
    [labels.epoch]: String(op.epoch),
    [labels.generation]: String(again ? again.generation : expected),
    ...(again ? { [labels.pushed]: String(again.lost) } : {}),
  };
  return {
    ...spec,
    Labels: { ...spec.Labels, ...marks },
    TaskTemplate: { ...spec.TaskTemplate, ContainerSpec: copy },
  };
}

/** Somebody wrote between our look and our order; of a service that is being made, somebody else was first. */
function isStale(status: number, message: string): boolean {
  return /out of sequence|name conflicts/i.test(message) || status === 409;
}

const cancelled = problem("cancelled", "called off before it began", "do it again if it is still wanted");

function noSuch(name: string): Result<never> {
  return problem("missing", `the swarm has no service ${name}`, "check the stack's name: docker service ls");
}

function notInRelease(service: string, release: Release): Result<never> {
  return problem(
    "config",
    `release ${release.id} has no service ${service}`,
    "deploy a version that has it, or remove the service by hand: docker service rm",
  );
}

function fenced(op: Op, highest: number): Result<never> {
  return problem(
    "fenced",
    `a newer controller (epoch ${highest}) has taken over here; this one has epoch ${op.epoch}`,
    "end this controller; `lastgood status` shows which one is in charge",
  );
}

function moved(name: string, service: SwarmState | null): Result<never> {
  const who = service ? (markOf(service) ?? "somebody else, not Lastgood") : "somebody who removed it";
  return problem(
    "conflict",
    `${name} was changed meanwhile by ${who}`,
    "look at it: docker service inspect, then say it again",
  );
}

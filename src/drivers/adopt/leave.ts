// Gives a stack back to its own compose file: the user's containers serve under their names again, the edges go.
import { limits } from "../../core/limits.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Op } from "../../ports/op.ts";
import type { Container } from "../docker/inspect.ts";
import { foreignOf } from "../traffic/edge/join.ts";
import { type AdoptDeps, type Adoptee, adoptionPlans, ownerOf } from "./adopt.ts";
import type { Front } from "./adopt-plan.ts";
import { point, prove, reload, unpin, untilOldWorkersLeft } from "./fronts.ts";
import { watchGap } from "./gap.ts";
import { bringBack } from "./keep.ts";
import { dropRecord, readRecord, writeRecord } from "./record.ts";

export type LeaveDeps = AdoptDeps & {
  /**
   * Start the user's own service by their own compose file (`up -d --no-deps --no-build`), with the image that serves
   * now. Null: the kept containers are started again, which run what ran before Lastgood came.
   */
  readonly startOwn: ((op: Op, service: string) => Promise<Result<void>>) | null;
  /** How long their own container may take to be well. */
  readonly healthMs?: number;
};

/** `gapMs`: longest time without an answer, by port that changed hands. */
export type Left = { readonly gapMs: Readonly<Record<string, number>> };

/** May be repeated after any crash. Where a port changes hands there is no answer for as long as the app takes to start. */
export async function leave(deps: LeaveDeps, op: Op, of: readonly Adoptee[]): Promise<Result<Left>> {
  const gapMs: Record<string, number> = {};
  for (const one of of) {
    const { config } = one;
    const begun = await begin(deps, op, one);
    if (!begun.ok) return begun;
    const isAlone = config.published.length > 0 || config.networks.some(({ ip }) => ip !== null);
    const left = isAlone ? await takeBack(deps, op, one) : await leaveSmoothly(deps, op, one);
    if (!left.ok) return left;
    if (left.value !== null) gapMs[String(config.published[0]?.hostPort)] = left.value;
    const removed = await one.edge.remove(op);
    if (!removed.ok) return removed;
    const unpinned = await unpinFronts(deps, op, one);
    if (!unpinned.ok) return unpinned;
    const dropped = await dropRecord(deps.files, deps.folder, config.service);
    if (!dropped.ok) return dropped;
  }
  return ok({ gapMs });
}

async function begin(
  deps: LeaveDeps,
  op: Op,
  { config: { service, project } }: Adoptee,
): Promise<Result<void>> {
  const known = await readRecord(deps.files, deps.folder, service);
  if (!known.ok) return known;
  const before = known.value ?? { service, project, op: op.id, kept: [], gapMs: null };
  return await writeRecord(deps.files, deps.folder, { ...before, stage: "giving" });
}

/** Theirs starts beside the edge; nginx is led to it; then the edge finishes what it has. */
async function leaveSmoothly(deps: LeaveDeps, op: Op, one: Adoptee): Promise<Result<null>> {
  const own = await startOwn(deps, op, one);
  if (!own.ok) return own;
  const fronts = await frontsOf(deps, one);
  if (!fronts.ok) return fronts;
  for (const front of fronts.value) {
    const ip = own.value.addresses[front.network];
    if (ip === undefined)
      return problem(
        "failed",
        `${own.value.name} is not in ${front.network}`,
        "see docker inspect",
        own.value.name,
      );
    const pointed = await point(deps, op, front.container, [{ front, owner: ownerOf(one.config), ip }]);
    if (!pointed.ok) return pointed;
    const proof = await prove(deps, op, front, "past");
    if (!proof.ok) return proof;
    await untilOldWorkersLeft(deps, op, front.container, deps.drainMs ?? limits.drainDefaultMs);
  }
  return ok(null);
}

/** What only one can have: the edge finishes what it has and lets go, then theirs starts. */
async function takeBack(deps: LeaveDeps, op: Op, one: Adoptee): Promise<Result<number | null>> {
  const { config, edge } = one;
  const [port] = config.published;
  const host =
    port?.hostIp === "" || port?.hostIp === "0.0.0.0" || port === undefined ? "127.0.0.1" : port.hostIp;
  const gap = port === undefined ? null : watchGap(deps.http, deps.clock, `http://${host}:${port.hostPort}/`);
  const ended = await edge.shutDown(op);
  const own = ended.ok ? await startOwn(deps, op, one) : ended;
  const longest = (await gap?.end()) ?? null;
  if (!own.ok) return own;
  const fronts = await frontsOf(deps, one);
  if (!fronts.ok) return fronts;
  for (const front of fronts.value) {
    const reloaded = await reload(deps.docker, op, front.container);
    if (!reloaded.ok) return reloaded;
  }
  return ok(longest);
}

async function startOwn(deps: LeaveDeps, op: Op, one: Adoptee): Promise<Result<Container>> {
  const { service, project } = one.config;
  const known = await readRecord(deps.files, deps.folder, service);
  if (!known.ok) return known;
  if (known.value !== null) {
    const back = await bringBack(deps, op, known.value, { start: deps.startOwn === null });
    if (!back.ok) return back;
  }
  const started = deps.startOwn === null ? ok(undefined) : await deps.startOwn(op, service);
  if (!started.ok) return started;
  const until = deps.clock.elapsed() + (deps.healthMs ?? limits.healthDefaultMs);
  for (;;) {
    const found = await foreignOf(deps.docker, project, service);
    if (!found.ok) return found;
    const [own] = found.value;
    if (own && (await isWell(deps, one, own))) return ok(own);
    if (deps.clock.elapsed() >= until || op.signal.aborted) {
      const what = own
        ? `${own.name} does not get well`
        : `no container of ${service} came up from your compose file`;
      return problem(
        "unhealthy",
        what,
        `the edge stays where it is: see docker compose ps and docker compose logs ${service}`,
        service,
      );
    }
    await deps.clock.sleep(limits.retryPauseMs, op.signal);
  }
}

async function isWell(deps: LeaveDeps, { config, healthPath }: Adoptee, own: Container): Promise<boolean> {
  if (own.health !== null) return own.health === "healthy";
  const [ip] = Object.values(own.addresses);
  if (ip === undefined) return false;
  const url = `http://${ip}:${config.port}${healthPath ?? "/"}`;
  const answer = await deps.http.request({ method: "GET", url, timeoutMs: limits.probeTimeoutMs });
  return answer.ok && answer.value.status < 500;
}

async function frontsOf(deps: LeaveDeps, one: Adoptee): Promise<Result<readonly Front[]>> {
  const plans = await adoptionPlans(deps, [one]);
  return plans.ok ? ok(plans.value.flatMap(({ fronts }) => fronts)) : plans;
}

async function unpinFronts(deps: LeaveDeps, op: Op, one: Adoptee): Promise<Result<void>> {
  const fronts = await frontsOf(deps, one);
  if (!fronts.ok) return fronts;
  for (const { container } of fronts.value) {
    const done = await unpin(deps.docker, op, container, [ownerOf(one.config)]);
    if (!done.ok) return done;
  }
  return ok(undefined);
}

// Docker Swarm: a release is a stack as the docker client reads it, with images pinned. The engine places the copies.
import type { Release } from "../../../core/release.ts";
import { assert, ok, problem, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import type { Runtime } from "../../../ports/runtime.ts";
import { isSafeName } from "../process/config.ts";
import { fence } from "../process/fence.ts";
import { locks } from "../process/locks.ts";
import { filters, services as servicesShape } from "./api.ts";
import { captureStack } from "./capture.ts";
import { labels, type SwarmConfig, type SwarmDeps, swarmLayout } from "./config.ts";
import { engine as engineOf } from "./engine.ts";
import { imagesThere, letGo } from "./images.ts";
import { listCopies } from "./instances.ts";
import { readDocument, storedReleases } from "./store.ts";
import { removeUnused } from "./unused.ts";

export type { SwarmConfig, SwarmDeps } from "./config.ts";

/**
 * The part of Swarm that captures and looks. Releases do not run beside each other here: `start` and `stop` refuse, and
 * `Rollout` replaces in place.
 */
export function swarmRuntime(config: SwarmConfig, deps: SwarmDeps): Runtime {
  const where = swarmLayout(config.stateDir);
  const engine = engineOf(deps.http, config.socket);
  const oneAtATime = locks();
  const guard = fence(deps.files, where.fence, oneAtATime);

  const forget = async (op: Op, release: string): Promise<Result<void>> => {
    const allowed = await guard.admit(op);
    if (!allowed.ok) return allowed;
    return oneAtATime(where.releases, async () => {
      assert(isSafeName(release), `${release} cannot be a release`);
      const running = await runs(release);
      if (!running.ok) return running;
      if (running.value) return inUse(release);
      const stored = await storedReleases(deps.files, where);
      if (!stored.ok) return stored;
      const found = stored.value.find(({ id }) => id === release);
      if (found) {
        const unused = await removeUnused(engine, deps.files, where, found, stored.value);
        if (!unused.ok) return unused;
        const free = await letGo(engine, config.stackName, release, Object.keys(found.services));
        if (!free.ok) return free;
      }
      const gone = await deps.files.remove(where.manifest(release));
      return gone.ok ? deps.files.remove(where.release(release)) : gone;
    });
  };

  /** The swarm is told to run it, in any service of the stack. */
  const runs = async (release: string): Promise<Result<boolean>> => {
    const stack = filters({ label: [`${labels.stack}=${config.stackName}`] });
    const all = await engine.get("/services", servicesShape, stack);
    if (!all.ok) return all;
    return ok((all.value.value ?? []).some(({ Spec }) => Spec.Labels?.[labels.release] === release));
  };

  return {
    instances: (service) => listCopies(config, deps, where, engine, service),
    available: async (release) => available(release),
    capture: (version) =>
      oneAtATime(where.releases, () => captureStack(config, deps, where, engine, version)),
    start: async (_op, service) => inPlace(service),
    stop: async (_op, { service }) => inPlace(service),
    forget,
  };

  async function available(release: Release): Promise<Result<{ readonly bytes: number }>> {
    const all = await readDocument(deps.files, where, release);
    if (!all.ok) return all;
    const bytes = await imagesThere(engine, all.value);
    return bytes.ok ? ok({ bytes: bytes.value }) : bytes;
  }
}

function inPlace(service: string): Result<never> {
  return problem(
    "refused",
    `${service} runs in a swarm: the engine starts and stops its copies, and a release replaces the other in place`,
    "use a plan of the style in-place (step service.rollout)",
  );
}

function inUse(release: string): Result<never> {
  return problem("refused", `the swarm is told to run release ${release}`, "roll out another one first");
}

// The port: what of a stack is theirs still, and the acts by release.
import { type Release, routedOf, servicesOf } from "../../core/release.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Adoption } from "../../ports/adoption.ts";
import { findContainers } from "../docker/containers.ts";
import { foreignService, isUp, projectLabels } from "../docker/foreign.ts";
import { type Adoptee, adopt, adoptionPlans } from "./adopt.ts";
import { type LeaveDeps, leave } from "./leave.ts";
import { readRecord } from "./record.ts";

export type StackAdoptionDeps = LeaveDeps & {
  /** Compose project of the user. */
  readonly project: string;
  /** Of which services a release is made, as the compose file says: databases and what stands in front are none. */
  readonly isOurs: (service: string) => boolean;
  /** A service of a release with its edge. */
  readonly adoptee: (service: string, release: Release) => Promise<Result<Adoptee>>;
  readonly capture: (version: string) => Promise<Result<Release>>;
};

export function stackAdoption(deps: StackAdoptionDeps): Adoption {
  async function all(release: Release): Promise<Result<readonly Adoptee[]>> {
    const found: Adoptee[] = [];
    for (const service of routedOf(release)) {
      const one = await deps.adoptee(service, release);
      if (!one.ok) return one;
      found.push(one.value);
    }
    return ok(found);
  }

  async function running(): Promise<Result<readonly string[]>> {
    const found = await findContainers(deps.docker, projectLabels(deps.project));
    if (!found.ok) return found;
    const services = found.value.filter(isUp).flatMap((one) => foreignService(one) ?? []);
    return ok([...new Set(services)].toSorted());
  }

  return {
    async foreign(release) {
      const up = await running();
      if (!up.ok) return up;
      const wanted = release === null ? up.value.filter(deps.isOurs) : routedOf(release);
      const services: string[] = [];
      for (const service of wanted) {
        const theirs = await isTheirs(deps, service, up.value.includes(service));
        if (!theirs.ok) return theirs;
        if (theirs.value) services.push(service);
      }
      if (services.length === 0) return ok(null);
      if (release === null) return ok({ services, says: [] });
      const of = await all(release);
      const plans = of.ok ? await adoptionPlans(deps, of.value) : of;
      return plans.ok ? ok({ services, says: plans.value.flatMap(({ says }) => says) }) : plans;
    },
    capture: deps.capture,
    async takeOver(op, release) {
      const of = await all(release);
      const done = of.ok ? await adopt(deps, op, of.value) : of;
      return done.ok ? ok({ gapMs: { ...done.value.gapMs }, proofs: [...done.value.proofs] }) : done;
    },
    async giveBack(op, release) {
      const of = await all(release);
      if (of.ok && of.value.length === 0) {
        return problem(
          "config",
          `${release.id} has no service behind an edge`,
          "there is nothing to give back",
          release.id,
        );
      }
      // Nothing of ours does their work any more.
      for (const service of servicesOf(release, "worker")) {
        const started = (await deps.startOwn?.(op, service)) ?? ok(undefined);
        if (!started.ok) return started;
      }
      const left = of.ok ? await leave(deps, op, of.value) : of;
      return left.ok ? ok({ gapMs: { ...left.value.gapMs } }) : left;
    },
  };
}

/** What was begun is not finished: half taken it is theirs, half given back it is ours, so that either is done again. */
async function isTheirs(deps: StackAdoptionDeps, service: string, runs: boolean): Promise<Result<boolean>> {
  const known = await readRecord(deps.files, deps.folder, service);
  if (!known.ok) return known;
  if (known.value?.stage === "taking") return ok(true);
  return ok(runs && known.value?.stage !== "giving");
}

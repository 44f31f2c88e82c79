// What users get: which release the public port answers with, and whether what it points at is alive.
import { bad, type Look, warn, well } from "../../core/doctor/look.ts";
import { failedLook } from "../../core/doctor/report.ts";
import type { JsonObject } from "../../core/json.ts";
import { ok, type Problem, type Result } from "../../core/result.ts";
import type { Check } from "../../ports/checkup.ts";
import type { Rollout } from "../../ports/rollout.ts";
import type { Instance, Runtime } from "../../ports/runtime.ts";
import type { RouteState, Traffic } from "../../ports/traffic.ts";
import type { AskVitals } from "./controller.ts";

export type ServingDeps = {
  readonly runtime: Runtime;
  readonly traffic: (service: string) => Traffic;
  /** For platforms that replace services in place; null elsewhere. */
  readonly rollout: Rollout | null;
  readonly ask: AskVitals;
  readonly env: string;
};

/** A service that the config names; `path` is asked through the public port. */
export type Served = { readonly service: string; readonly path: string };

const answerMs = 1_400;
const serverError = 500;

/** One check a service that the config names, so that one that hangs does not hide the others. */
export function serving({ service, path }: Served, deps: ServingDeps): Check {
  return {
    name: "serving",
    about: service,
    next: `lastgood logs ${service}`,
    look: async () =>
      ok([await (deps.rollout ? replaced(service, deps.rollout) : routed(service, path, deps))]),
  };
}

/** For stacks whose services are known from their releases only. Who knows them is asked first. */
export function servingAll(deps: ServingDeps): Check {
  return {
    name: "serving",
    about: "",
    next: "lastgood status",
    async look() {
      const vitals = await deps.ask();
      if (!vitals.ok) return vitals;
      const mine = vitals.value.environments.find((one) => one.env === deps.env);
      if (!mine || mine.serving === null) return ok([well("", "nothing was deployed yet")]);
      const { rollout } = deps;
      const looks = rollout
        ? mine.services.map(({ service }) => replaced(service, rollout))
        : mine.services
            .filter((one) => one.routed)
            .map(({ service, path }) => routed(service, path ?? "/", deps));
      return ok(await Promise.all(looks));
    },
  };
}

async function routed(service: string, path: string, deps: ServingDeps): Promise<Look> {
  const traffic = deps.traffic(service);
  const [route, instances, answer] = await Promise.all([
    traffic.now(),
    deps.runtime.instances(service),
    traffic.whoAnswers(path, answerMs),
  ]);
  if (!route.ok) return noEdge(service, route.error, deps);
  return conclude({ service, path, route: route.value, instances, answer });
}

/** Before the first deploy there is no edge, and that is how it should be. Who can't be asked may know of one. */
async function noEdge(service: string, why: Problem, { ask, env }: ServingDeps): Promise<Look> {
  const vitals = await ask();
  const mine = vitals.ok ? vitals.value.environments.find((one) => one.env === env) : null;
  if (mine?.serving === null) return well(service, "nothing was deployed yet", { release: null });
  return failedLook(service, { ...why, code: "unreachable", next: "lastgood serve starts it again" });
}

type Seen = {
  readonly service: string;
  readonly path: string;
  readonly route: RouteState;
  readonly instances: Result<readonly Instance[]>;
  readonly answer: Result<{ readonly status: number }>;
};

function conclude({ service, path, route, instances, answer }: Seen): Look {
  const { backend, held } = route;
  if (backend === null) {
    if (route.generation === 0) return well(service, "nothing was deployed yet", { release: null });
    return bad(service, "requests go to nobody", "lastgood rollback", { release: null, held });
  }
  const isAlive = (one: Instance) => one.id === backend.instance && one.state === "running";
  const alive = instances.ok ? instances.value.some(isAlive) : null;
  const data = { release: backend.release, instance: backend.instance, held, alive, path };
  if (alive === false) return bad(service, `${backend.release} is not running`, "lastgood rollback", data);
  if (!answer.ok) return bad(service, `${path}: ${answer.error.what}`, "lastgood rollback --plan", data);
  return byStatus(service, answer.value.status, { ...data, status: answer.value.status });
}

function byStatus(service: string, status: number, data: JsonObject): Look {
  if (status >= serverError)
    return bad(service, `${data["path"]} answers ${status}`, `lastgood logs ${service}`, data);
  if (data["held"] === true) return warn(service, "new requests wait at the edge", "lastgood status", data);
  return well(service, `${data["release"]} answers ${status}`, data);
}

/** What the platform itself says of a service that it replaces copy by copy. */
async function replaced(service: string, rollout: Rollout): Promise<Look> {
  const now = await rollout.now(service);
  if (!now.ok) return failedLook(service, now.error);
  const { release, state, running, wanted, what } = now.value;
  const data = { release, state, running, wanted };
  const copies = `${release ?? "none of ours"}, ${running} of ${wanted} copies`;
  if (state === "failed") return bad(service, `${copies}: ${what}`, "lastgood rollback", data);
  if (running === 0 && wanted > 0) return bad(service, copies, `lastgood logs ${service}`, data);
  return state === "updating" || running < wanted
    ? warn(service, `${copies}, ${state}`, "lastgood status", data)
    : well(service, copies, data);
}

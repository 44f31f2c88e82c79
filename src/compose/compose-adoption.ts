// How a Docker Compose stack that ran before Lastgood came is taken over, and given back.
import { join } from "node:path";
import type { Release } from "../core/release.ts";
import { assert, ok, type Result } from "../core/result.ts";
import type { Adoptee } from "../drivers/adopt/adopt.ts";
import { stackAdoption } from "../drivers/adopt/adoption.ts";
import { startOwnService } from "../drivers/adopt/start-own.ts";
import type { Docker } from "../drivers/docker/cli.ts";
import { findContainers } from "../drivers/docker/containers.ts";
import { foreignService, isUp, projectLabels } from "../drivers/docker/foreign.ts";
import type { StackFiles } from "../drivers/docker/stack-files.ts";
import type { ComposeRuntime } from "../drivers/runtime/compose/compose.ts";
import { envRedactor } from "../drivers/runtime/compose/redact.ts";
import { composeSpecOf } from "../drivers/runtime/compose/spec.ts";
import type { Adoption } from "../ports/adoption.ts";
import type { Op } from "../ports/op.ts";
import type { StackEdges } from "./compose-edges.ts";
import type { Wiring } from "./wiring.ts";

type Taking = {
  readonly wiring: Wiring;
  readonly runtime: ComposeRuntime;
  readonly files: StackFiles;
  readonly docker: Docker;
  readonly edges: StackEdges;
};

export function adoptionOf({ wiring, runtime, files, docker, edges }: Taking): Adoption {
  const { machine, places } = wiring;
  const startOwn = async (op: Op, service: string): Promise<Result<void>> => {
    const [serving] = wiring.known();
    assert(serving, "nothing is left that never served");
    const redact = await envRedactor(machine.files, files);
    return startOwnService(docker, op, files, serving, service, redact);
  };
  const adoptee = async (service: string, release: Release): Promise<Result<Adoptee>> => {
    const spec = release.services[service];
    assert(spec, `release ${release.id} has no service ${service}`);
    return ok({
      config: edges.configOf(service),
      edge: edges.edge(service),
      healthPath: spec.health.path,
      graceMs: spec.stopGraceMs,
    });
  };
  const forProject = (project: string) =>
    stackAdoption({
      docker,
      http: machine.http,
      clock: machine.clock,
      files: machine.files,
      folder: join(places.runtime, "taken-over"),
      say: () => undefined,
      project,
      isOurs: () => true,
      adoptee,
      capture: (version) => captureRunning(docker, runtime, project, version),
      startOwn,
    });
  /** The project's name is Compose's to say where the config does not: each release has it in its spec. */
  const of = (release: Release | null) => forProject(projectIn(release) ?? files.project ?? "");
  let last: Release | null = null;
  return {
    foreign: (release) => {
      last = release ?? last;
      return of(release).foreign(release);
    },
    capture: (version) => of(last).capture(version),
    takeOver: (op, release) => of(release).takeOver(op, release),
    giveBack: (op, release) => of(release).giveBack(op, release),
  };
}

function projectIn(release: Release | null): string | null {
  const [first] = Object.values(release?.services ?? {});
  return first ? composeSpecOf(first).project : null;
}

async function captureRunning(
  docker: Docker,
  runtime: ComposeRuntime,
  project: string,
  version: string,
): Promise<Result<Release>> {
  const found = await findContainers(docker, projectLabels(project));
  if (!found.ok) return found;
  const running: Record<string, string[]> = {};
  for (const one of found.value.filter(isUp)) {
    const service = foreignService(one);
    if (service !== null) running[service] = [...(running[service] ?? []), one.id];
  }
  return runtime.captureRunning(version, running);
}

// What a person needs on a bad day, wired: the parts of an environment by their names, and the break-glass script.
import { join } from "node:path";
import type { Site } from "../app/app.ts";
import type { Care, GlassCase } from "../app/care.ts";
import type { Config, Environment } from "../config/schema.ts";
import type { PartKind } from "../core/parts/part.ts";
import { assert, ok, type Result } from "../core/result.ts";
import { allParts } from "../drivers/parts/all.ts";
import { containerParts } from "../drivers/parts/containers.ts";
import { type FilePart, fileParts } from "../drivers/parts/files.ts";
import { partOfUnit, type UnitPart, unitParts } from "../drivers/parts/systemd.ts";
import { composeByHand } from "../drivers/runtime/compose/by-hand.ts";
import { processByHand } from "../drivers/runtime/process/by-hand.ts";
import { processOutput } from "../drivers/runtime/process/output.ts";
import { redactor } from "../drivers/runtime/process/redact.ts";
import { systemdByHand } from "../drivers/runtime/systemd/by-hand.ts";
import { proxyMark } from "../drivers/traffic/proxy/start.ts";
import { localHost } from "../os/exec.ts";
import type { Parts } from "../ports/parts.ts";
import { dockerEnv, stackLabels } from "./checks.ts";
import type { Machine } from "./machine.ts";
import { breakGlassFolder, type StatePaths } from "./paths.ts";

type Caring = {
  readonly config: Config;
  readonly paths: StatePaths;
  readonly machine: Machine;
  readonly site: Site;
};

export function careOf(caring: Caring): Care {
  return { parts: partsOf(caring), glass: glassOf(caring) };
}

function sectionOf({ config, site }: Caring): Environment {
  const section = config.environments[site.settings.env];
  assert(section, `no environment ${site.settings.env}`);
  return section;
}

/** What Lastgood runs itself comes first: where a name is there twice, that is what people mean. */
export function partsOf(caring: Caring): Parts {
  const { machine, site } = caring;
  const section = sectionOf(caring);
  const deps = { host: dockerHost(section, machine), redactor };
  const labels = stackLabels(section, site);
  const units = unitsOf(section);
  return allParts([
    ...(section.services || section.traffic ? [fileParts(() => ownParts(caring), machine)] : []),
    ...(labels === null ? [] : [containerParts({ labels, kinds: kindsOf(section) }, deps)]),
    ...(units.length === 0 ? [] : [unitParts(units, deps)]),
  ]);
}

function dockerHost(section: Environment, { baseEnv, clock }: Machine) {
  return localHost({ ...baseEnv, ...dockerEnv(section) }, clock);
}

/** What the config says of a stack's services; the others go by their image. */
function kindsOf({ stack }: Environment): Readonly<Record<string, PartKind>> {
  if (stack?.runtime !== "compose") return {};
  const said = Object.entries(stack.services).flatMap(([name, service]): [string, PartKind][] => {
    if (service.class === undefined) return [];
    const kinds = {
      app: "app",
      worker: "worker",
      stateful: "stateful",
      edge: "front",
      once: "worker",
    } as const;
    return [[name, kinds[service.class]]];
  });
  return Object.fromEntries(said);
}

/** The units of a systemd stack under the service's name, both instances of it; and those that the checks name. */
function unitsOf({ stack, checks }: Environment): readonly UnitPart[] {
  const own = stack?.runtime === "systemd" ? Object.entries(stack.services) : [];
  const released = own.map(([name, { unit, ports }]): UnitPart => {
    const units = unit.includes("@.")
      ? Object.keys(ports).map((one) => unit.replace("@.", `@${one}.`))
      : [unit];
    return { name, kind: "app", units };
  });
  return [...released, ...checks.units.map(partOfUnit)];
}

/** Processes of the process runtime, and the proxy in front. */
async function ownParts(caring: Caring): Promise<Result<readonly FilePart[]>> {
  const { paths, machine, site } = caring;
  const { services, traffic } = sectionOf(caring);
  const places = paths.env(site.settings.env);
  const parts: FilePart[] = [];
  for (const service of Object.keys(services ?? {})) {
    const output = await processOutput(places.runtime, service, {
      files: machine.files,
      runtime: site.world.runtime,
    });
    if (!output.ok) return output;
    const live = output.value.filter((one) => one.running);
    const what = live.length === 0 ? "not running" : live.map((one) => one.instance).join(", ");
    parts.push({
      part: { name: service, kind: "app", by: "process", what, running: live.length > 0 },
      files: async () =>
        ok(output.value.map(({ path, instance, redact }) => ({ path, from: instance, redact }))),
      restart: null,
    });
  }
  if (traffic?.kind === "proxy") parts.push(await proxyPart(caring, places.edge));
  return ok(parts);
}

async function proxyPart(caring: Caring, folder: string): Promise<FilePart> {
  const { machine, site } = caring;
  const [alive] = await machine.processes.find(proxyMark, folder);
  const log = { path: join(folder, "proxy.log"), from: "proxy.log", redact: (text: string) => text };
  const what = alive ? `process ${alive.pid}` : "not running";
  return {
    part: { name: "edge", kind: "edge", by: "process", what, running: alive !== undefined },
    files: async () => ok([log]),
    restart: async (op) => {
      const ended = await site.end(op);
      return ended.ok ? site.ensure([]) : ended;
    },
  };
}

/** Null for runtimes whose way back by hand is not written yet. */
function glassOf(caring: Caring): GlassCase | null {
  const { config, paths, machine, site } = caring;
  const { env } = site.settings;
  const places = paths.env(env);
  const section = sectionOf(caring);
  const { stack, traffic } = section;
  const common = { app: config.app, env, stateDir: places.runtime, journal: paths.journal };
  const glass = { folder: breakGlassFolder(config.state), files: machine.files };
  if (stack?.runtime === "compose") {
    const front = async () => {
      const listed = await partsOf(caring).list();
      return listed.ok ? listed.value.filter((part) => part.kind === "front").map((part) => part.name) : [];
    };
    return { ...glass, driver: composeByHand({ ...common, dockerEnv: dockerEnv(section), front }, machine) };
  }
  const front =
    traffic?.kind === "proxy"
      ? { mark: { name: proxyMark, value: places.edge }, listen: traffic.listen }
      : null;
  if (stack?.runtime === "systemd") {
    const { unitDir, store = join(places.runtime, "units") } = stack;
    const services = Object.fromEntries(
      Object.entries(stack.services).map(([name, one]) => [
        name,
        { unit: one.unit, ports: one.ports, link: one.link ?? null },
      ]),
    );
    const units = { stateDir: store, unitDir, services, journal: paths.journal, front };
    return { ...glass, driver: systemdByHand(units, machine) };
  }
  if (stack !== undefined || front === null) return null;
  return { ...glass, driver: processByHand({ ...common, front: () => front }, machine) };
}

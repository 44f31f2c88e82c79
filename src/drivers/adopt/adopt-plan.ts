// How a running stack comes behind edges: what is done to whom, decided from what was seen. Pure.
import { ok, problem, type Result } from "../../core/result.ts";
import type { Container } from "../docker/inspect.ts";
import type { EdgeConfig } from "../traffic/edge/config.ts";
import type { Neighbour, Program } from "./look.ts";
import { type Question, questionsOf, usesOf } from "./nginx-config.ts";

/** An nginx container that holds the old address. */
export type Front = {
  readonly container: Container;
  readonly names: readonly string[];
  /** A network that it shares with the edge. */
  readonly network: string;
  readonly questions: readonly Question[];
};

export type ServiceAdoption = {
  readonly service: string;
  readonly foreign: readonly Container[];
  readonly fronts: readonly Front[];
  /** Why there will be a moment without an answer: what two containers can't have at once. Empty where nothing is. */
  readonly handover: readonly string[];
  /** For a person, before it is done. */
  readonly says: readonly string[];
};

/** Who resolves the name at each connection, and so needs nothing done. */
const resolvesAnew: readonly Program[] = ["caddy"];

export function planAdoption(
  config: EdgeConfig,
  neighbours: readonly Neighbour[],
  healthPath: string | null,
): Result<ServiceAdoption> {
  const foreign = neighbours
    .filter(({ service }) => service === config.service)
    .map(({ container }) => container);
  const addresses = foreign.flatMap((one) => Object.values(one.addresses));
  const fronts: Front[] = [];
  const says: string[] = [];
  for (const neighbour of neighbours) {
    const network = shared(neighbour.container, config);
    if (neighbour.program === null || neighbour.service === config.service || network === null) continue;
    if (neighbour.program === "nginx") {
      const front = frontOf(neighbour, config, addresses, network, healthPath);
      if (!front.ok) return front;
      if (front.value === null) continue;
      fronts.push(front.value);
      says.push(
        `${neighbour.container.name} (nginx) is reloaded once, so that ${front.value.names.join(", ")} leads to the edge`,
      );
    } else if (resolvesAnew.includes(neighbour.program)) {
      says.push(
        `${neighbour.container.name} (${neighbour.program}) finds the edge by itself: it asks for the name at each connection`,
      );
    } else if (mayKnow(neighbour.program, foreign)) return unsupported(neighbour, config.service);
  }
  const handover =
    foreign.length === 0
      ? []
      : [
          ...config.published.map(
            ({ hostIp, hostPort }) => `port ${hostIp === "" ? "" : `${hostIp}:`}${hostPort}`,
          ),
          ...config.networks.flatMap(({ ip }) => (ip === null ? [] : [`address ${ip}`])),
        ];
  if (handover.length > 0) {
    says.push(
      `${handover.join(" and ")} changes hands: requests that come between the end of the old container and that moment are refused, once`,
    );
  }
  says.push(
    ...foreign.map(
      ({ name }) => `${name} is stopped and kept under another name, until you leave or remove it`,
    ),
  );
  return ok({ service: config.service, foreign, fronts, handover, says });
}

function frontOf(
  { container, config: text }: Neighbour,
  config: EdgeConfig,
  addresses: readonly string[],
  network: string,
  healthPath: string | null,
): Result<Front | null> {
  const names = [...new Set(config.networks.flatMap(({ aliases }) => aliases))];
  const use = usesOf(text ?? "", names, addresses);
  if (use.addresses.length > 0) {
    return problem(
      "needs-person",
      `nginx in ${container.name} has the address ${use.addresses.join(", ")} of ${config.service} in its configuration`,
      `write the name ${config.service} there instead, reload nginx, then try again`,
      container.name,
    );
  }
  if (use.names.length === 0) return ok(null);
  const questions = questionsOf(text ?? "", healthPath === null ? ["/"] : [healthPath, "/"]);
  return ok({ container, names: use.names, network, questions });
}

/** Traefik knows what has labels for it; of the others nobody can tell. */
function mayKnow(program: Program, foreign: readonly Container[]): boolean {
  if (program !== "traefik") return foreign.length > 0;
  return foreign.some(({ labels }) =>
    Object.keys(labels).some((name) => /^traefik\.(http|tcp|enable)/.test(name)),
  );
}

function unsupported({ container, program }: Neighbour, service: string): Result<never> {
  const traefik = program === "traefik";
  return problem(
    "needs-person",
    traefik
      ? `${container.name} is Traefik, which finds containers by their labels; that is not supported yet for ${service}`
      : `${container.name} (${program}) may hold the address of ${service}'s container, and it is not known how to make it look again`,
    traefik
      ? "let Traefik send to the service's name with its file provider, or put nginx or Caddy there; other services can be taken over meanwhile"
      : "let nginx or Caddy stand there, or publish the service's port and let it send to that",
    container.name,
  );
}

function shared({ addresses }: Container, { networks }: EdgeConfig): string | null {
  return networks.find(({ name }) => addresses[name] !== undefined)?.name ?? null;
}

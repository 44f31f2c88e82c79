// Looks at a stack that runs already: whose containers, and who sends requests to them.
import { ok, problem, type Result } from "../../core/result.ts";
import type { Docker } from "../docker/cli.ts";
import { findContainers } from "../docker/containers.ts";
import { foreignService, isUp, projectLabels } from "../docker/foreign.ts";
import type { Container } from "../docker/inspect.ts";

/** Programs that pass requests on, by what their process is called. */
const programs = ["nginx", "caddy", "traefik", "haproxy", "envoy", "httpd", "apache2"] as const;
export type Program = (typeof programs)[number];

export type Neighbour = {
  readonly container: Container;
  /** Service of the user's project. */
  readonly service: string;
  readonly program: Program | null;
  /** Of nginx: everything that it read. */
  readonly config: string | null;
};

/** Containers of the user's project that run. */
export async function lookAround(docker: Docker, project: string): Promise<Result<readonly Neighbour[]>> {
  const found = await findContainers(docker, projectLabels(project));
  if (!found.ok) return found;
  const neighbours: Neighbour[] = [];
  for (const container of found.value) {
    const service = foreignService(container);
    if (service === null || !isUp(container)) continue;
    const program = await programOf(docker, container);
    const config = program === "nginx" ? await nginxConfig(docker, container) : ok(null);
    if (!config.ok) return config;
    neighbours.push({ container, service, program, config: config.value });
  }
  return ok(neighbours);
}

/** By its processes: an image of the team's own may have nginx in it under any name. */
async function programOf(docker: Docker, { id }: Container): Promise<Program | null> {
  const lines = await processes(docker, id);
  return (
    programs.find((name) => lines.some((line) => new RegExp(`(^|[\\s/])${name}(:|\\s|$)`).test(line))) ?? null
  );
}

/** One line a process, with its command; empty where the container is gone meanwhile. */
export async function processes(docker: Docker, id: string): Promise<readonly string[]> {
  const ended = await docker.run({ args: ["top", id, "-eo", "pid,args"], effect: "read" });
  if (!ended.ok || ended.value.exitCode !== 0) return [];
  return ended.value.stdout
    .split("\n")
    .slice(1)
    .map((line) => line.trim());
}

async function nginxConfig(docker: Docker, { id, name }: Container): Promise<Result<string>> {
  const read = await docker.run({ args: ["exec", id, "nginx", "-T"], effect: "read" });
  if (!read.ok) return read;
  if (read.value.exitCode === 0) return ok(read.value.stdout);
  const said = read.value.stderr.trim().split("\n").at(-1) ?? "";
  return problem(
    "config",
    `nginx in ${name} does not accept its own configuration: ${said.slice(0, 300)}`,
    `correct it until docker exec ${name} nginx -t works`,
    name,
  );
}

// What each service is, which port it has, how it says that it is well, and how its database moves on.
import { classify } from "./classify.ts";
import type { ComposeEntry } from "./compose-model.ts";
import type { ComposeFinding, ContextFinding, Findings } from "./findings.ts";
import { askers, probeOf } from "./probes.ts";
import type { Because, Migration, ProposedEntry } from "./proposal.ts";

export function proposeServices(findings: Findings, { model }: ComposeFinding): readonly ProposedEntry[] {
  return model.services.filter(isNamed).flatMap((service) => {
    const context = contextOf(findings, service);
    const dockerfile = findings.dockerfiles[service.name] ?? context?.dockerfile ?? "";
    const opened = isSecond(service, model.services) ? null : openedBy(dockerfile);
    const routed = askers(findings, service).map(({ port }) => port);
    const isAsked = routed.length > 0 || service.labelPort !== null;
    const { role, because } = classify(service, { isAsked, opened }, model.services);
    if (role === "optional") return [];
    const isApp = role === "app";
    const port = isApp ? portOf(service, routed, opened) : null;
    const source = { dockerfile, routes: context?.healthRoutes ?? [] };
    const probe = isApp ? probeOf(findings, service, source) : null;
    return [{ name: service.name, role, because, port, probe }];
  });
}

/** The first port that an image says it listens on. */
function openedBy(dockerfile: string): number | null {
  const found = /^EXPOSE\s+(\d+)/m.exec(dockerfile)?.[1];
  return found === undefined ? null : Number(found);
}

/** Another command of an image that another service runs as it is: the port of the image is not its own. */
function isSecond(service: ComposeEntry, all: readonly ComposeEntry[]): boolean {
  const { name, context, dockerfile, image, command } = service;
  if (command === "") return false;
  return all.some(
    (other) =>
      other.name !== name &&
      (context === null
        ? other.image === image
        : other.context === context && other.dockerfile === dockerfile),
  );
}

/** Whether the config can name it: see `name` in config/values.ts. */
export function isNamed({ name }: ComposeEntry): boolean {
  return /^[a-z0-9][a-z0-9_-]{0,39}$/.test(name);
}

/** The folder that its image is built from: by the compose file, or the only one that scripts build. */
function contextOf({ contexts }: Findings, { context, image }: ComposeEntry): ContextFinding | null {
  const dir = context?.replace(/^\.\//, "").replace(/\/$/, "");
  if (dir !== undefined) return contexts.find((one) => one.dir === (dir === "" ? "." : dir)) ?? null;
  const built = contexts.filter(({ dockerfile }) => dockerfile !== null);
  return image !== null && built.length === 1 ? (built[0] ?? null) : null;
}

function portOf(
  service: ComposeEntry,
  asked: readonly number[],
  opened: number | null,
): Because<number> | null {
  const [routed] = asked;
  if (routed !== undefined) return { value: routed, because: "nginx asks it there" };
  if (service.labelPort !== null) return { value: service.labelPort, because: "its label for Traefik" };
  const [exposed] = service.exposed;
  if (exposed !== undefined) return { value: exposed, because: "`expose`" };
  const [published] = service.ports;
  if (published !== undefined) return { value: published.target, because: "`ports`" };
  const checked = /https?:\/\/[^/:\s]+:(\d+)/.exec(service.healthcheck ?? "")?.[1];
  if (checked !== undefined) return { value: Number(checked), because: "its healthcheck" };
  return opened === null ? null : { value: opened, because: "EXPOSE of its Dockerfile" };
}

export function proposeMigration(
  findings: Findings,
  services: readonly ProposedEntry[],
  compose: ComposeFinding,
): Migration | null {
  const ours = services.filter(({ role }) => role === "app" || role === "worker");
  const said = findings.mentions.migrations.find(({ service }) => ours.some(({ name }) => name === service));
  if (said) return { service: said.service, command: said.command, because: said.where };
  for (const { name } of ours) {
    const service = compose.model.services.find((one) => one.name === name);
    const context = service ? contextOf(findings, service) : null;
    const scripts = Object.entries(context?.scripts ?? {}).filter(
      ([script]) =>
        /migrat/i.test(script) &&
        !/rollback|revert|down|undo|reset|dev|create|generate|make|status/i.test(script),
    );
    const [script] = scripts.toSorted(
      ([a], [b]) => Number(/deploy|run|prod|up/.test(b)) - Number(/deploy|run|prod|up/.test(a)),
    );
    if (context && script)
      return {
        service: name,
        command: ["npm", "run", script[0]],
        because: `script of ${context.dir === "." ? "" : `${context.dir}/`}package.json: ${script[1]}`,
      };
    if (context?.migrations?.tool === "Prisma" && context.migrations.path.endsWith(".prisma"))
      return {
        service: name,
        command: ["npx", "prisma", "migrate", "deploy"],
        because: context.migrations.path,
      };
  }
  return null;
}

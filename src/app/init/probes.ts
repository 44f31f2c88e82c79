// How a service says that it is well, and who asks it for what: pieced together from compose file, nginx and scripts.
import type { ComposeEntry } from "./compose-model.ts";
import type { ComposeFinding, ContextFinding, Findings } from "./findings.ts";

export type Probe = {
  /** Null: only by the container's own healthcheck. */
  readonly path: string | null;
  readonly because: string;
  /** Nothing says that this is meant for health. */
  readonly isGuess: boolean;
};

/** A route of nginx that ends at a service. */
export type Asker = {
  readonly path: string;
  readonly port: number;
  readonly rewrites: boolean;
  readonly file: string;
};

/** By service name, container name, or the port that it has on the host. Longest path first. */
export function askers({ nginx }: Findings, service: ComposeEntry): readonly Asker[] {
  const found = nginx.flatMap(({ file, routes }) =>
    routes.flatMap(({ path, targets, rewrites }) =>
      targets.flatMap((target) => {
        const port = portBehind(service, target);
        return port === null ? [] : [{ path, port, rewrites, file }];
      }),
    ),
  );
  return found.toSorted((a, b) => b.path.length - a.path.length);
}

/** The port inside the container that `host:port` leads to; null where it leads elsewhere. */
function portBehind({ name, containerName, ports }: ComposeEntry, target: string): number | null {
  const [, host = "", port = "80"] = /^(.*?)(?::(\d+))?$/.exec(target) ?? [];
  if (host === name || host === containerName) return Number(port);
  if (!isLocal(host)) return null;
  return ports.find(({ published }) => published === Number(port))?.target ?? null;
}

function isLocal(host: string): boolean {
  return /^(?:127\.0\.0\.1|localhost|0\.0\.0\.0|\[::1\])$/.test(host);
}

/** The first that speaks: its healthcheck, scripts of the team, its Dockerfile, nginx, its source, what nginx sends it. */
export function probeOf(
  findings: Findings,
  service: ComposeEntry,
  source: { readonly dockerfile: string; readonly routes: ContextFinding["healthRoutes"] },
): Probe | null {
  const inCompose = pathIn(service.healthcheck ?? "");
  if (inCompose !== null)
    return { path: inCompose, because: "its healthcheck in the compose file", isGuess: false };
  if (service.healthcheck !== null)
    return { path: null, because: "its healthcheck in the compose file", isGuess: false };
  const routes = askers(findings, service);
  for (const { where, url } of findings.mentions.probes) {
    const path = pathAt(service, routes, url, findings);
    if (path !== null) return { path, because: `${where} asks it`, isGuess: false };
  }
  const inImage = pathIn(/^HEALTHCHECK(?:[^\n]*\\\n)*[^\n]*/m.exec(source.dockerfile)?.[0] ?? "");
  if (inImage !== null) return { path: inImage, because: "HEALTHCHECK of its Dockerfile", isGuess: false };
  const named = routes.find(({ path, rewrites }) => !rewrites && /health|ready|alive|ping/i.test(path));
  if (named) return { path: named.path.replace(/^[=~^*\s]+/, ""), because: named.file, isGuess: false };
  const [route] = source.routes;
  if (route) return { path: route.path, because: `${route.file} has this path`, isGuess: true };
  const plain = routes.filter(({ path, rewrites }) => !rewrites && /^\/[\w./-]*$/.test(path)).at(-1);
  return plain ? { path: plain.path, because: `${plain.file} sends it this path`, isGuess: true } : null;
}

function pathIn(command: string): string | null {
  return /https?:\/\/[^/\s"']+(\/[\w./-]*)/.exec(command)?.[1] ?? null;
}

/** The path for the service itself, where a script's address on this machine leads to it. */
function pathAt(
  service: ComposeEntry,
  routes: readonly Asker[],
  url: string,
  findings: Findings,
): string | null {
  const { hostname, port, pathname } = new URL(url);
  const isPublic = findings.nginx.some(({ routes: all }) => all.length > 0);
  if (isLocal(hostname) && port !== "" && service.ports.some(({ published }) => published === Number(port)))
    return pathname;
  if (!isLocal(hostname) || !isPublic || port !== "") return null;
  const all = findings.nginx.flatMap(({ routes: each }) => each.map(({ path }) => path));
  const best = all.filter((path) => pathname.startsWith(path)).toSorted((a, b) => b.length - a.length)[0];
  const own = routes.find(({ path, rewrites }) => path === best && !rewrites);
  return own ? pathname : null;
}

/** Where users arrive: the port that the nginx of the compose file has on the host, or the host's own nginx. */
export function publicOf(
  findings: Findings,
  { model }: ComposeFinding,
): { readonly value: string; readonly because: string } | null {
  const front = model.services.find(
    ({ image, ports }) => /nginx|caddy|traefik|haproxy/.test(image ?? "") && ports.length > 0,
  );
  const port = front?.ports.find(({ target }) => target === 80 || target === 8080) ?? front?.ports[0];
  if (front && port?.published)
    return {
      value: `http://127.0.0.1${port.published === 80 ? "" : `:${port.published}`}`,
      because: `${front.name} has this port`,
    };
  const site = findings.nginx.find(({ routes }) => routes.length > 0);
  return site && !front ? { value: "http://127.0.0.1", because: `${site.file}, on the host` } : null;
}

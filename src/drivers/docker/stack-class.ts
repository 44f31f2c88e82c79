// What a service of a compose file is, when nobody has said it: by its image, mounts, ports and place in the file.
import { checkWords, type ServiceModel, type StackModel } from "./stack-model.ts";

/**
 * `app` and `worker` are the services of a release. `stateful` and `edge` are never touched by one; `once` is a
 * command that ends (certificates, migrations): no part of a release either.
 */
export type StackClass = "app" | "worker" | "stateful" | "edge" | "once";
export type Classed = { readonly class: StackClass; readonly why: string };

const STORES =
  /^(postgres|postgresql|postgis|timescaledb(-ha)?|pgvector|mysql|mysql-server|mariadb|percona|percona-server|mongo|mongodb|redis|redis-stack|redis-stack-server|valkey|keydb|dragonfly|memcached|rabbitmq|nats|kafka|zookeeper|redpanda|minio|elasticsearch|opensearch|meilisearch|typesense|qdrant|clickhouse|clickhouse-server|influxdb|etcd|cassandra|couchdb|neo4j|pgbouncer|pgpool)$/;
const EDGES =
  /^(nginx|nginx-unprivileged|openresty|nginx-proxy|nginx-proxy-manager|traefik|caddy|caddy-docker-proxy|haproxy|envoy|cloudflared|httpd|swag)$/;
const OTHERS =
  /^(prometheus|alertmanager|grafana|loki|promtail|tempo|jaeger|all-in-one|node-exporter|cadvisor|(postgres|redis|nginx|mysqld|blackbox)[-_]exporter|otel-collector|opentelemetry-collector|fluent-bit|fluentd|vector|portainer(-ce)?|watchtower|adminer|pgadmin4|phpmyadmin|mailhog|mailpit|uptime-kuma|dozzle|autoheal)$/;
const ENDS = /^(certbot|flyway|liquibase|mc|migrate)$/;

const STORE_FOLDERS =
  /^\/(var\/lib\/(postgresql|mysql|mongodb|redis|rabbitmq|clickhouse|elasticsearch)|bitnami\/(postgresql|mysql|mariadb|redis|mongodb)|data\/db)(\/|$)/;
const STORE_CHECKS =
  /^(pg_isready|redis-cli|valkey-cli|mysqladmin|mongosh?|rabbitmq-diagnostics|rabbitmqctl)$/;
const PROXY_CONFIG = /^\/etc\/(nginx|traefik|caddy|haproxy|envoy)(\/|$)|^\/(Caddyfile|traefik\.ya?ml)$/;

/** `imagePorts`: what its image says it listens on; null while the image is not known. */
export function classify(stack: StackModel, name: string, imagePorts: readonly number[] | null): Classed {
  const service = stack.services[name];
  if (service === undefined) return { class: "worker", why: "it is not in the compose file" };
  const image = imageWord(service);
  return (
    storeOf(service, image) ??
    edgeOf(service, image) ??
    bystanderOf(service, image) ??
    onceOf(stack, name, service, image) ??
    appOf(stack, name, service, imagePorts)
  );
}

function storeOf(service: ServiceModel, image: string): Classed | null {
  if (!service.build && STORES.test(image)) return { class: "stateful", why: `its image is ${image}` };
  const folder = service.volumes?.find(({ target }) => STORE_FOLDERS.test(target));
  if (folder) return { class: "stateful", why: `it keeps a database's files in ${folder.target}` };
  const check = checkWords(service).find((word) => STORE_CHECKS.test(word));
  return check ? { class: "stateful", why: `its healthcheck is ${check}` } : null;
}

function edgeOf(service: ServiceModel, image: string): Classed | null {
  if (service.build || !EDGES.test(image)) return null;
  if (image === "cloudflared") return { class: "edge", why: "its image is cloudflared" };
  const config = service.volumes?.find(({ target }) => PROXY_CONFIG.test(target));
  if (config)
    return { class: "edge", why: `its image is ${image}, and ${config.target} is its configuration` };
  const web = service.ports?.find(({ published }) => published === "80" || published === "443");
  if (web) return { class: "edge", why: `its image is ${image}, and it has port ${web.published}` };
  return null;
}

function bystanderOf(service: ServiceModel, image: string): Classed | null {
  if (service.build || !OTHERS.test(image)) return null;
  return { class: "stateful", why: `its image is ${image}: nothing of yours is in it` };
}

function onceOf(stack: StackModel, name: string, service: ServiceModel, image: string): Classed | null {
  if (!service.build && ENDS.test(image)) return { class: "once", why: `its image is ${image}` };
  const waits = Object.entries(stack.services).find(
    ([, other]) => other.depends_on?.[name]?.condition === "service_completed_successfully",
  );
  return waits ? { class: "once", why: `${waits[0]} waits until it has ended` } : null;
}

function appOf(
  stack: StackModel,
  name: string,
  service: ServiceModel,
  imagePorts: readonly number[] | null,
): Classed {
  if (service.expose?.length) return { class: "app", why: `it exposes port ${service.expose[0]}` };
  if (service.ports?.length) return { class: "app", why: `it publishes port ${service.ports[0]?.target}` };
  const port = checkedPort(service);
  if (port !== null) return { class: "app", why: `its healthcheck asks port ${port}` };
  if (!imagePorts?.length) return { class: "worker", why: "it has no port" };
  // Of several processes of one image, one listens: not the ones that were given another command.
  const twin = hasCommand(service)
    ? Object.keys(stack.services).find((other) => isTwin(stack, name, other))
    : undefined;
  if (twin !== undefined) return { class: "worker", why: `it runs another command of the image of ${twin}` };
  return { class: "app", why: `its image exposes port ${imagePorts[0]}` };
}

function hasCommand({ command, entrypoint }: ServiceModel): boolean {
  return Boolean(command?.length || entrypoint?.length);
}

function isTwin(stack: StackModel, name: string, other: string): boolean {
  const [mine, theirs] = [stack.services[name], stack.services[other]];
  if (name === other || !mine || !theirs) return false;
  if (mine.build && theirs.build) {
    const place = ({ build }: ServiceModel) => [build?.context, build?.dockerfile, build?.target].join("|");
    return place(mine) === place(theirs);
  }
  return Boolean(mine.image) && mine.image === theirs.image;
}

/** The port in a healthcheck that asks by HTTP: `wget -qO- http://localhost:3000/health`; null where none is named. */
export function checkedPort(service: ServiceModel): number | null {
  const asked = /https?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(\d{1,5}))?/.exec(
    checkWords(service).join(" "),
  );
  if (asked === null) return null;
  return asked[1] === undefined ? 80 : Number(asked[1]);
}

/** `postgres` of `docker.io/library/postgres:15@sha256:…`; empty where there is no image. */
function imageWord({ image }: ServiceModel): string {
  const path = (image ?? "").split("@")[0] ?? "";
  return (path.split("/").at(-1) ?? "").split(":")[0] ?? "";
}

/** What the app listens on inside its container; null where nothing says it. The first that speaks is right. */
export function portOf(service: ServiceModel, imagePorts: readonly number[] | null): number | null {
  const candidates = (service.expose ?? [])
    .map((text) => Number.parseInt(text, 10))
    .filter((port) => port > 0);
  const checked = checkedPort(service);
  const listed =
    candidates.length > 0
      ? candidates
      : (service.ports ?? []).filter(({ protocol }) => protocol === "tcp").map(({ target }) => target);
  if (checked !== null && listed.includes(checked)) return checked;
  return listed[0] ?? imagePorts?.[0] ?? checked;
}

// What a service of a compose file is: ours to replace, ours to swap, or to be left alone.
import type { ComposeEntry } from "./compose-model.ts";

export type Role = "app" | "worker" | "stateful" | "edge" | "once" | "optional";

export type Classed = { readonly role: Role; readonly because: string };

/** Image names without their registry, tag and what follows a dash. */
const keepsData =
  /^(?:postgres(?:ql)?|postgis|timescaledb|pgvector|mysql|mariadb|percona|mongo(?:db)?|redis|valkey|keydb|dragonfly|memcached|rabbitmq|kafka|redpanda|zookeeper|nats|elasticsearch|opensearch|minio|clickhouse|cassandra|couchdb|influxdb|neo4j|meilisearch|typesense|qdrant|weaviate|etcd|consul|vault|pgbouncer|pgpool)(?:-|$)/;
const isOther =
  /^(?:prometheus|grafana|loki|promtail|alertmanager|cadvisor|tempo|jaeger|otel|opentelemetry|vector|fluentd?|pgadmin4?|phpmyadmin|adminer|portainer|watchtower|autoheal|dozzle|uptime-kuma|mailhog|mailpit|node-exporter|[a-z]+[-_]exporter)(?:-|$)/;
const isFront = /^(?:nginx|caddy|traefik|haproxy|envoy|openresty|cloudflared|httpd|swag)(?:-|$)/;
const asksStore =
  /\b(?:pg_isready|redis-cli|valkey-cli|mysqladmin|mongosh?|rabbitmq-diagnostics|rabbitmqctl)\b/;
const worksInBackground = /worker|queue|celery|sidekiq|scheduler|cron|beat|consumer|bullmq|horizon|\bbot\b/i;
const migrates = /migrat|alembic|db:deploy|flyway|db:setup/i;

/** `isAsked`: somebody routes requests to it. `opened`: the port that its image is said to listen on. */
export function classify(
  service: ComposeEntry,
  { isAsked, opened }: { readonly isAsked: boolean; readonly opened: number | null },
  all: readonly ComposeEntry[],
): Classed {
  const image = imageName(service);
  const says = `${service.name} ${service.command}`;
  const awaited = all.some(({ dependsOn }) => dependsOn[service.name] === "service_completed_successfully");
  if (service.profiles.length > 0)
    return {
      role: "optional",
      because: `profile ${service.profiles.join(", ")}: not started by a plain \`up\``,
    };
  if (
    awaited ||
    (migrates.test(says) &&
      service.restart !== "always" &&
      service.restart !== "unless-stopped" &&
      service.ports.length === 0)
  )
    return {
      role: "once",
      because: awaited ? "others wait until it has ended" : "it runs migrations and ends",
    };
  if (service.context === null) {
    if (isFront.test(image)) return { role: "edge", because: `image ${service.image}` };
    if (keepsData.test(image)) return { role: "stateful", because: `image ${service.image}` };
    if (isOther.test(image))
      return { role: "stateful", because: `image ${service.image}: no part of the app, left alone` };
    if (asksStore.test(service.healthcheck ?? ""))
      return { role: "stateful", because: "its healthcheck is that of a database" };
  }
  if (worksInBackground.test(says) && !isAsked && service.ports.length === 0)
    return {
      role: "worker",
      because: `its ${worksInBackground.test(service.name) ? "name" : "command"} says so, and nobody asks it anything`,
    };
  const port = isAsked || service.ports.length > 0 || service.exposed.length > 0;
  if (port) return { role: "app", because: isAsked ? "requests are routed to it" : "it has a port" };
  const volume = service.mounts.find(({ kind }) => kind === "volume");
  if (service.context === null && volume)
    return {
      role: "stateful",
      because: `it keeps data in ${volume.source || volume.target}, and nobody builds it here`,
    };
  if (service.healthcheck !== null && /https?:/.test(service.healthcheck))
    return { role: "app", because: "its health is asked over HTTP" };
  if (opened !== null) return { role: "app", because: `its Dockerfile opens port ${opened}` };
  return { role: "worker", because: "it has no port, and nobody asks it anything" };
}

/** `ghcr.io/team/postgres:15` → `postgres`. */
function imageName({ image }: ComposeEntry): string {
  return (image ?? "").split("@")[0]?.split("/").at(-1)?.split(":")[0] ?? "";
}

// The parts of an environment: one name for each, whatever runs it.

/**
 * `app`, `worker`: services of the release. `stateful`: holds data, a restart cuts connections and may take time.
 * `front`: somebody else's server in front (nginx). `edge`: our own switch. `unit`: anything else on the host.
 */
export type PartKind = "app" | "worker" | "stateful" | "front" | "edge" | "unit";

export type Part = {
  readonly name: string;
  readonly kind: PartKind;
  /** Who runs it: `process`, `docker`, `systemd`. */
  readonly by: string;
  /** For a person: the image or unit, and its state. */
  readonly what: string;
  readonly running: boolean;
};

/** One line of a part's output. `at` null where the part does not say when. */
export type LogLine = { readonly at: string | null; readonly from: string; readonly text: string };

const stateful =
  /postgres|pgbouncer|postgis|timescale|mysql|mariadb|mongo|redis|valkey|memcached|rabbitmq|kafka|elasticsearch|opensearch|meilisearch|minio|clickhouse|cassandra|etcd|influx/i;
const front = /nginx|haproxy|caddy|traefik|envoy|apache|httpd/i;

/** By what it is called, where nothing else says what it is. */
export function kindByName(...names: readonly string[]): PartKind | null {
  if (names.some((name) => stateful.test(name))) return "stateful";
  return names.some((name) => front.test(name)) ? "front" : null;
}

const usual: readonly (readonly [RegExp, string])[] = [
  [/^postgresql(@.*)?$/, "postgres"],
  [/^redis(-server)?(@.*)?$/, "redis"],
  [/^mysqld?$/, "mysql"],
  [/^apache2$/, "apache"],
];

/** What people call a systemd unit: `postgres` for `postgresql@15-main.service`. */
export function unitName(unit: string): string {
  const plain = unit.replace(/\.service$/, "");
  return usual.find(([pattern]) => pattern.test(plain))?.[1] ?? plain;
}

/** A restart of these may be noticed by everybody: a person must want it. */
export function asksBeforeRestart(kind: PartKind): boolean {
  return kind === "stateful" || kind === "edge" || kind === "front";
}

// What `docker compose config --format json` says of a stack: everything filled in, all paths absolute.
import { z } from "zod";

/** Lists of the file format may be maps as well; `config` has made them one of both. */
const network = z.looseObject({
  aliases: z.array(z.string()).nullish(),
  ipv4_address: z.string().nullish(),
  ipv6_address: z.string().nullish(),
});

const port = z.looseObject({
  target: z.coerce.number(),
  published: z.coerce.string().nullish(),
  host_ip: z.string().nullish(),
  protocol: z.string().default("tcp"),
});

const mount = z.looseObject({
  type: z.string(),
  source: z.string().nullish(),
  target: z.string(),
  read_only: z.boolean().nullish(),
});

const healthcheck = z.looseObject({
  test: z.union([z.string(), z.array(z.string())]).nullish(),
  disable: z.boolean().nullish(),
  interval: z.string().nullish(),
  timeout: z.string().nullish(),
  start_period: z.string().nullish(),
  retries: z.coerce.number().nullish(),
});

const service = z.looseObject({
  image: z.string().nullish(),
  build: z
    .looseObject({
      context: z.string().nullish(),
      dockerfile: z.string().nullish(),
      target: z.string().nullish(),
    })
    .nullish(),
  command: z.array(z.string()).nullish(),
  entrypoint: z.array(z.string()).nullish(),
  environment: z.record(z.string(), z.coerce.string().nullable()).nullish(),
  expose: z.array(z.coerce.string()).nullish(),
  ports: z.array(port).nullish(),
  healthcheck: healthcheck.nullish(),
  networks: z.record(z.string(), network.nullable()).nullish(),
  network_mode: z.string().nullish(),
  volumes: z.array(mount).nullish(),
  volumes_from: z.array(z.string()).nullish(),
  secrets: z.array(z.looseObject({ source: z.string() })).nullish(),
  configs: z.array(z.looseObject({ source: z.string() })).nullish(),
  depends_on: z.record(z.string(), z.looseObject({ condition: z.string().nullish() })).nullish(),
  container_name: z.string().nullish(),
  labels: z.record(z.string(), z.coerce.string()).nullish(),
  deploy: z.looseObject({ replicas: z.number().nullish(), mode: z.string().nullish() }).nullish(),
  scale: z.number().nullish(),
  restart: z.string().nullish(),
  stop_grace_period: z.string().nullish(),
  pid: z.string().nullish(),
  ipc: z.string().nullish(),
});

const named = z.looseObject({ name: z.string().nullish(), external: z.boolean().nullish() });
const filed = z.looseObject({
  name: z.string().nullish(),
  external: z.boolean().nullish(),
  file: z.string().nullish(),
  environment: z.string().nullish(),
  content: z.string().nullish(),
});

const model = z.looseObject({
  name: z.string(),
  services: z.record(z.string(), service),
  networks: z.record(z.string(), named.nullable()).nullish(),
  volumes: z.record(z.string(), named.nullable()).nullish(),
  secrets: z.record(z.string(), filed.nullable()).nullish(),
  configs: z.record(z.string(), filed.nullable()).nullish(),
});

export type StackModel = z.infer<typeof model>;
export type ServiceModel = z.infer<typeof service>;

/** Null where the text is not a model that this version can read. */
export function parseStack(text: string): StackModel | null {
  try {
    return model.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** The name by which the engine knows a network or volume: Compose puts the project's name before it. */
export function engineName(
  stack: { readonly name: string },
  kind: Readonly<Record<string, { name?: string | null | undefined } | null>> | null | undefined,
  key: string,
): string {
  return kind?.[key]?.name ?? `${stack.name}_${key}`;
}

/** How many copies of a service run at once. */
export function copiesOf({ deploy, scale }: ServiceModel): number {
  return Math.max(1, deploy?.replicas ?? scale ?? 1);
}

/** `1m30s`, as Compose writes durations, in milliseconds. Null for what is none. */
export function durationMs(text: string | null | undefined): number | null {
  if (!text) return null;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|us|ns|s)/g)];
  if (parts.map(([whole]) => whole).join("") !== text) return null;
  const units: Readonly<Record<string, number>> = {
    h: 3_600_000,
    m: 60_000,
    s: 1_000,
    ms: 1,
    us: 1e-3,
    ns: 1e-6,
  };
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (units[unit ?? ""] ?? 0), 0);
}

/** In its output a dollar sign is doubled, so that it can be read as a compose file again. */
export function undollar(text: string): string {
  return text.replaceAll("$$", "$");
}

/** The other way: Compose would take a single one for a variable. */
export function dollars(text: string): string {
  return text.replaceAll("$", "$$$$");
}

/** The words of its healthcheck, without `CMD`; empty where it has none. */
export function checkWords({ healthcheck: check }: ServiceModel): readonly string[] {
  if (!check || check.disable || !check.test) return [];
  if (typeof check.test === "string") return check.test.split(/\s+/);
  const [kind, ...words] = check.test;
  if (kind === "NONE") return [];
  return kind === "CMD" ? words.map(undollar) : words.flatMap((word) => undollar(word).split(/\s+/));
}

/** All values of its environment as the app sees them. */
export function environmentOf({ environment }: ServiceModel): Readonly<Record<string, string>> {
  const set = Object.entries(environment ?? {}).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  );
  return Object.fromEntries(set.map(([name, value]) => [name, undollar(value)]));
}

// From the config's `redis` to the store: where it is comes out of the app's own env file, or from Docker, at each use.
import { join } from "node:path";
import type { StoreDesk } from "../app/backup-desk.ts";
import type { Environment } from "../config/schema.ts";
import { ok, problem, type Result } from "../core/result.ts";
import { secret } from "../core/secret.ts";
import { beside } from "../drivers/database/beside.ts";
import { redisStore } from "../drivers/database/redis/redis.ts";
import { type Docker, dockerCli } from "../drivers/docker/cli.ts";
import { readEnvText } from "../drivers/runtime/process/env.ts";
import { redisDial } from "../os/redis-link.ts";
import type { Database } from "../ports/database.ts";
import type { Files } from "../ports/files.ts";
import type { RedisAt } from "../ports/redis-link.ts";
import type { Machine } from "./machine.ts";
import type { Places } from "./wiring.ts";

type Section = NonNullable<Environment["redis"]>;

const NAME = "redis";
const PORT = 6_379;

/** By the store's name; empty where the environment has none. */
export function storesOf(
  section: Environment,
  places: Places,
  machine: Machine,
): { readonly stores: Record<string, Database>; readonly desks: Record<string, StoreDesk> } {
  const { redis, stack } = section;
  if (redis === undefined) return { stores: {}, desks: {} };
  const { files, clock, ids, processes, baseEnv, host } = machine;
  const reached = stack?.runtime === "compose" ? stack.docker : null;
  const docker = dockerCli(host, {
    host: reached?.host ?? null,
    context: reached?.context ?? null,
    configDir: reached?.configDir ?? null,
  });
  const made = beside(
    NAME,
    redisStore(
      {
        backupDir: join(places.backups, NAME),
        keep: redis.keepSnapshots,
        clients: redis.clients,
        server: redis.server,
      },
      {
        ...{ files, clock, ids, processes, env: baseEnv, dial: redisDial() },
        reach: () => reach(redis, files, docker),
      },
    ),
  );
  const desk: StoreDesk = {
    name: async () => ok(NAME),
    care: made.care,
    assertions: [],
    backups: null,
    drills: null,
    second: null,
    bare: false,
    keptUntil: `until ${redis.keepSnapshots} newer ones are kept`,
    listen: () => () => undefined,
    snapshot: redis.snapshot,
  };
  return { stores: { [NAME]: made.database }, desks: { [NAME]: desk } };
}

async function reach(section: Section, files: Files, docker: Docker): Promise<Result<RedisAt>> {
  const text = await urlText(section, files);
  if (!text.ok) return text;
  const ca = section.tlsCa === undefined ? ok(null) : await files.read(section.tlsCa);
  if (!ca.ok) return ca;
  if (text.value.startsWith("unix:"))
    return ok({ address: { path: text.value.replace(/^unix:(\/\/)?/, "") }, user: null, password: null });
  const url = URL.parse(text.value);
  if (url === null || !/^rediss?:$/.test(url.protocol) || url.hostname === "")
    return problem(
      "config",
      "what redis: url comes to is no URL of a Redis",
      "write redis://user:password@host:6379",
      section.envFile,
    );
  const inside = section.container === undefined ? ok(null) : await addressOf(docker, section.container);
  if (!inside.ok) return inside;
  const said = { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port || PORT) };
  const { host, port } =
    section.at ?? (inside.value === null ? said : { host: inside.value, port: said.port });
  const tls = url.protocol === "rediss:" ? { ca: ca.value } : null;
  const [user, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  return ok({
    address: { host, port, tls },
    user: user === "" ? null : user,
    password: password === "" ? null : secret(password),
  });
}

async function urlText({ envFile, url }: Section, files: Files): Promise<Result<string>> {
  const read = await files.read(envFile);
  if (!read.ok)
    return problem(
      "config",
      `redis' env file cannot be read: ${read.error.what}`,
      "look at redis: envFile in lastgood.yml",
      envFile,
    );
  const values = readEnvText(read.value.toString("utf8"));
  const missing = [...url.matchAll(/\$\{(\w+)\}/g)]
    .map(([, name = ""]) => name)
    .find((name) => !values[name]);
  if (missing === undefined) return ok(url.replace(/\$\{(\w+)\}/g, (_, name: string) => values[name] ?? ""));
  return problem(
    "config",
    `${envFile} has no value for ${missing}, which redis: url is made of`,
    "write it there, or mend redis: url in lastgood.yml",
    envFile,
  );
}

/** On Linux the networks of Docker are reached from the machine, whether a port is published or not. */
async function addressOf(docker: Docker, container: string): Promise<Result<string>> {
  const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}";
  const said = await docker.output({ args: ["inspect", "--format", format, container], effect: "read" });
  if (!said.ok) return said;
  const [address] = said.value.trim().split(/\s+/);
  if (address) return ok(address);
  return problem(
    "unreachable",
    `the container ${container} has no address: it does not run, or shares the machine's network`,
    "start it, or write at: in the place of container:",
    container,
  );
}

// From a stack and what the config says of it: the services of a release, and why each is what it is. Pure.
import { limits } from "../../../core/limits.ts";
import type { HealthSpec } from "../../../core/release.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Image } from "../../docker/inspect.ts";
import { type Classed, classify, portOf } from "../../docker/stack-class.ts";
import {
  checkWords,
  copiesOf,
  durationMs,
  type ServiceModel,
  type StackModel,
} from "../../docker/stack-model.ts";
import type { ComposeServiceConfig } from "./config.ts";

export type Described = {
  readonly name: string;
  readonly classed: Classed;
  readonly routed: boolean;
  readonly port: number | null;
  readonly health: HealthSpec;
  readonly stopGraceMs: number;
  readonly copies: number;
  /** For people, before they deploy. */
  readonly notes: readonly string[];
};

type Choices = Readonly<Record<string, ComposeServiceConfig>>;

/** What `config` says, else what it looks like. The image may be unknown yet. */
export function classOf(stack: StackModel, choices: Choices, name: string, image: Image | null): Classed {
  const said = choices[name]?.class;
  if (said) return { class: said, why: "lastgood.yml says so" };
  return classify(stack, name, image?.ports ?? null);
}

/** Names of those that go into a release, what others need first. `config` where there is none, or an unknown name. */
export function releaseServices(stack: StackModel, choices: Choices): Result<readonly string[]> {
  const unknown = Object.keys(choices).find((name) => stack.services[name] === undefined);
  if (unknown !== undefined)
    return problem(
      "config",
      `the compose file has no service ${unknown} (it has ${Object.keys(stack.services).join(", ")})`,
      "correct the name under stack.services, or name the profile that it needs under stack.profiles",
    );
  const ours = inOrder(stack).filter((name) => isReleased(classOf(stack, choices, name, null)));
  if (ours.length > 0) return ok(ours);
  return problem(
    "config",
    "no service of the compose file looks like one of your own: all are databases, caches or proxies",
    "say which one is: stack.services.<name>.class: app",
  );
}

function isReleased({ class: is }: Classed): boolean {
  return is === "app" || is === "worker";
}

/** Those that others depend on come first; else by name. A circle (Compose refuses it) ends nowhere. */
function inOrder({ services }: StackModel): readonly string[] {
  const order: string[] = [];
  const visit = (name: string, from: readonly string[]): void => {
    if (order.includes(name) || from.includes(name)) return;
    for (const needed of Object.keys(services[name]?.depends_on ?? {}).toSorted())
      if (services[needed] !== undefined) visit(needed, [...from, name]);
    order.push(name);
  };
  for (const name of Object.keys(services).toSorted()) visit(name, []);
  return order;
}

export function describe(
  stack: StackModel,
  choices: Choices,
  name: string,
  image: Image | null,
): Result<Described> {
  const service = stack.services[name];
  if (service === undefined)
    return problem("config", `the compose file has no service ${name}`, "correct the name");
  const choice = choices[name];
  const looked = classOf(stack, choices, name, image);
  const doubled = looked.class === "worker" && choice?.double === true;
  const classed: Classed = doubled ? { class: "app", why: "a worker that may run twice" } : looked;
  const fits = refusal(name, service, classed);
  if (fits !== null) return fits;
  const port = doubled
    ? null
    : (choice?.port ?? (classed.class === "app" ? portOf(service, image?.ports ?? null) : null));
  if (classed.class === "app" && !doubled && port === null)
    return problem(
      "config",
      `nothing says which port ${name} listens on`,
      `write stack.services.${name}.port, or expose: in the compose file; for one that answers no requests write class: worker`,
    );
  const own = hasOwnCheck(service, image);
  const health = healthOf(service, choice, own);
  const described: Described = {
    name,
    classed,
    routed: classed.class === "app" && port !== null,
    port,
    health,
    stopGraceMs: durationMs(service.stop_grace_period) ?? limits.stopGraceDefaultMs,
    copies: copiesOf(service),
    notes: notesOf(name, service, classed, health, own),
  };
  return ok(described);
}

/** What cannot be started a second time beside itself, or not without another service's container. */
function refusal(name: string, service: ServiceModel, { class: is }: Classed): Result<never> | null {
  const shared = [service.network_mode, service.pid, service.ipc].find((mode) =>
    /^(service|container):/.test(mode ?? ""),
  );
  if (shared !== undefined || service.volumes_from?.length)
    return problem(
      "config",
      `${name} lives inside another service's container (${shared ?? `volumes_from ${service.volumes_from?.join(", ")}`}), so it cannot move on its own`,
      `give it its own network and volumes, or leave it out of releases: stack.services.${name}.class: stateful`,
    );
  if (service.network_mode === "host" && is === "app")
    return problem(
      "config",
      `${name} uses the host's network: two of it would want the same port`,
      "take network_mode: host out of the compose file, or let it be swapped with a gap: class: worker",
    );
  return null;
}

function hasOwnCheck(service: ServiceModel, image: Image | null): boolean {
  if (service.healthcheck?.disable || service.healthcheck?.test?.[0] === "NONE") return false;
  return checkWords(service).length > 0 || (image?.hasHealthcheck ?? false);
}

const LOOK_EVERY_MS = 250;
/** Compose's own defaults. */
const CHECK = { intervalMs: 30_000, timeoutMs: 30_000, retries: 3 } as const;

/** With its own healthcheck, as long as that may take to say unhealthy; at least our usual time. */
function healthOf(service: ServiceModel, choice: ComposeServiceConfig | undefined, own: boolean): HealthSpec {
  if (choice?.health) return { ...choice.health };
  const plain = { path: null, timeoutMs: limits.healthDefaultMs, intervalMs: LOOK_EVERY_MS };
  const check = service.healthcheck;
  if (!own || !check) return plain;
  const intervalMs = durationMs(check.interval) ?? CHECK.intervalMs;
  const rounds = (check.retries ?? CHECK.retries) + 1;
  const patienceMs =
    (durationMs(check.start_period) ?? 0) +
    rounds * intervalMs +
    (durationMs(check.timeout) ?? CHECK.timeoutMs);
  return { ...plain, timeoutMs: Math.max(plain.timeoutMs, Math.round(patienceMs)) };
}

function notesOf(
  name: string,
  service: ServiceModel,
  { class: is }: Classed,
  { path }: HealthSpec,
  own: boolean,
): readonly string[] {
  const notes: string[] = [];
  if (path === null && !own)
    notes.push(
      `${name} has no healthcheck and no health path: a release counts as started when it stays alive for a moment`,
    );
  if (!service.build && moves(service.image ?? ""))
    notes.push(
      `${name} uses ${service.image}, a name that moves: with pull: always each deploy asks its registry for the newest`,
    );
  for (const { type, source, target, read_only } of service.volumes ?? []) {
    if (type === "bind" && source)
      notes.push(`${name} mounts ${source} at ${target}: what lies there does not come back with a rollback`);
    else if (type === "volume" && source && !read_only && is === "app")
      notes.push(`${name} writes to the volume ${source}: during a switch two releases write to it at once`);
  }
  for (const [network, at] of Object.entries(service.networks ?? {}))
    if (at?.ipv4_address || at?.ipv6_address)
      notes.push(`${name} has a fixed address in ${network}: only its edge keeps it, instances get others`);
  return notes;
}

/** `shop/api`, `shop/api:latest`: nobody can tell by it which one is meant. */
function moves(image: string): boolean {
  const last = image.split("/").at(-1) ?? "";
  return !image.includes("@") && (!last.includes(":") || last.endsWith(":latest"));
}

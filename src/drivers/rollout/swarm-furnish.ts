// Before a service can run a release: its networks, secrets and configs are in the swarm, and it names them by id.
import { ok, problem, type Result } from "../../core/result.ts";
import { filters, networks, type SwarmSpec, things } from "../runtime/swarm/api.ts";
import type { SwarmDocument } from "../runtime/swarm/document.ts";
import { type Engine, refused } from "../runtime/swarm/engine.ts";

/** Convergent: makes what is missing, changes nothing that is there. The spec with ids instead of names. */
export async function furnish(
  engine: Engine,
  all: SwarmDocument,
  spec: SwarmSpec,
): Promise<Result<SwarmSpec>> {
  for (const network of all.networks) {
    const there = await engine.get("/networks", networks, filters({ name: [network.Name] }));
    if (!there.ok) return there;
    if (there.value.value?.some(({ Name }) => Name === network.Name)) continue;
    const made = await make(engine, `/v${all.api}/networks/create`, network);
    if (!made.ok) return made;
  }
  const container = spec.TaskTemplate.ContainerSpec;
  const secrets = await references(
    engine,
    all,
    "secrets",
    container.Secrets?.map((one) => one.SecretName) ?? [],
  );
  if (!secrets.ok) return secrets;
  const configs = await references(
    engine,
    all,
    "configs",
    container.Configs?.map((one) => one.ConfigName) ?? [],
  );
  if (!configs.ok) return configs;
  const named = {
    ...container,
    ...(container.Secrets
      ? { Secrets: container.Secrets.map((one) => ({ ...one, SecretID: secrets.value.get(one.SecretName) })) }
      : {}),
    ...(container.Configs
      ? { Configs: container.Configs.map((one) => ({ ...one, ConfigID: configs.value.get(one.ConfigName) })) }
      : {}),
  };
  return ok({ ...spec, TaskTemplate: { ...spec.TaskTemplate, ContainerSpec: named } });
}

/** Name → id, after making those of the release that are not there. */
async function references(
  engine: Engine,
  all: SwarmDocument,
  kind: "secrets" | "configs",
  names: readonly string[],
): Promise<Result<ReadonlyMap<string, string>>> {
  const ids = new Map<string, string>();
  for (const name of names) {
    const body = all[kind].find((one) => one.Name === name);
    const before = await idOf(engine, kind, name);
    if (!before.ok) return before;
    if (before.value === null && body) {
      const made = await make(engine, `/v${all.api}/${kind}/create`, body);
      if (!made.ok) return made;
    }
    const id = before.value === null ? await idOf(engine, kind, name) : before;
    if (!id.ok) return id;
    if (id.value === null) return notThere(kind, name);
    ids.set(name, id.value);
  }
  return ok(ids);
}

async function idOf(
  engine: Engine,
  kind: "secrets" | "configs",
  name: string,
): Promise<Result<string | null>> {
  const found = await engine.get(`/${kind}`, things, filters({ name: [name] }));
  if (!found.ok) return found;
  return ok(found.value.value?.find((one) => one.Spec.Name === name)?.ID ?? null);
}

/** Somebody may be making the same at this moment: then it is there, which is what we want. */
async function make(engine: Engine, path: string, body: unknown): Promise<Result<void>> {
  const said = await engine.post(path, body);
  if (!said.ok) return said;
  const { status, message } = said.value;
  const isThere = status === 409 || /name conflicts|already exists/i.test(message);
  return status < 300 || isThere ? ok(undefined) : refused(status, message);
}

function notThere(kind: "secrets" | "configs", name: string): Result<never> {
  const one = kind === "secrets" ? "secret" : "config";
  return problem(
    "missing",
    `the swarm has no ${one} ${name}`,
    `make it: docker ${one} create ${name} <file>`,
  );
}

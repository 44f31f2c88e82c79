// Where the instances of a service write to, with what must not be seen of it.
import { ok, type Result } from "../../../core/result.ts";
import type { Files } from "../../../ports/files.ts";
import type { Runtime } from "../../../ports/runtime.ts";
import { layout } from "./config.ts";
import { readEnvText } from "./env.ts";
import { redactor } from "./redact.ts";

export type Output = {
  readonly instance: string;
  readonly running: boolean;
  readonly path: string;
  readonly redact: (text: string) => string;
};

/** Live instances and the newest dead ones, oldest first, so that what is newest stands last. */
export async function processOutput(
  stateDir: string,
  service: string,
  deps: { readonly files: Files; readonly runtime: Runtime },
): Promise<Result<readonly Output[]>> {
  const where = layout(stateDir);
  const instances = await deps.runtime.instances(service);
  if (!instances.ok) return instances;
  const outputs: Output[] = [];
  for (const { id, release, state } of instances.value.toReversed()) {
    const env = await deps.files.read(where.envFile(release, service));
    if (!env.ok && env.error.code !== "missing") return env;
    const redact = redactor(env.ok ? readEnvText(env.value.toString("utf8")) : {});
    outputs.push({ instance: id, running: state === "running", path: where.log(id), redact });
  }
  return ok(outputs);
}

// What the user's stack files mean for a version: `docker stack deploy` says it to the recorder.
import { ok, problem, type Result } from "../../../core/result.ts";
import { readEnvText, type Values } from "../process/env.ts";
import { redactor } from "../process/redact.ts";
import type { SwarmConfig, SwarmDeps } from "./config.ts";
import { swarmLayout } from "./config.ts";
import { type Recorded, recorder } from "./recorder.ts";

const clientMs = 60_000;
const complaintCharacters = 2_000;

/** Also gives the values of the env file: what they say must not be shown. */
export async function readStack(
  config: SwarmConfig,
  deps: SwarmDeps,
  version: string,
): Promise<Result<{ readonly recorded: Recorded; readonly secrets: Values }>> {
  const secrets = await envOf(config, deps);
  if (!secrets.ok) return secrets;
  const where = swarmLayout(config.stateDir);
  const record = recorder();
  const listening = await deps.listen(config.recordSocket, (asked) => record.answer(asked));
  try {
    const files = config.files.flatMap((file) => ["--compose-file", file]);
    const ended = await deps.host.run({
      argv: ["docker", "stack", "deploy", "--resolve-image", "never", ...files, config.stackName],
      effect: "read", // of the recorder alone
      op: null,
      timeoutMs: clientMs,
      env: {
        ...secrets.value,
        [config.versionVariable]: version,
        DOCKER_HOST: `unix://${config.recordSocket}`,
        DOCKER_CONFIG: where.client,
        DOCKER_CONTEXT: "",
      },
    });
    if (!ended.ok) return ended;
    const { exitCode, stderr } = ended.value;
    if (exitCode !== 0) return unreadable(config, redactor(secrets.value)(stderr));
  } finally {
    listening.close();
  }
  const recorded = record.recorded();
  return recorded.ok ? ok({ recorded: recorded.value, secrets: secrets.value }) : recorded;
}

async function envOf(config: SwarmConfig, deps: SwarmDeps): Promise<Result<Values>> {
  if (config.envFile === null) return ok({});
  const content = await deps.files.read(config.envFile);
  if (content.ok) return ok(readEnvText(content.value.toString("utf8")));
  if (content.error.code !== "missing") return content;
  return problem(
    "missing",
    `there is no env file at ${config.envFile}`,
    "put it there, or take envFile out of the configuration",
    config.envFile,
  );
}

function unreadable(config: SwarmConfig, said: string): Result<never> {
  const why = said.trim().slice(-complaintCharacters);
  const files = config.files.join(", ");
  return problem(
    "config",
    `docker can't read the stack in ${files}: ${why}`,
    "mend the files, then deploy again",
    files,
  );
}

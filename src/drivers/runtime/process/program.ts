// Is the program that a service is started with on this machine?
import { join } from "node:path";
import type { Release } from "../../../core/release.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Layout, ProcessRuntimeDeps } from "./config.ts";
import { argvOf, readEnvText, settingsOf } from "./env.ts";
import { readEnvFile } from "./proof.ts";
import { processSpecOf } from "./spec.ts";

/** `failed` names the program that is not there. It is not part of the release, so the store cannot hold it. */
export async function programsThere(
  deps: ProcessRuntimeDeps,
  where: Layout,
  release: Release,
): Promise<Result<void>> {
  for (const [service, described] of Object.entries(release.services)) {
    const spec = processSpecOf(described);
    const secrets = await readEnvFile(deps.files, where.envFile(release.id, service), spec);
    if (!secrets.ok) return secrets;
    const [program] = argvOf(spec.command, deps.node, 0);
    const path = settingsOf(deps.baseEnv, spec, readEnvText(secrets.value))["PATH"] ?? "";
    const candidates = candidatesOf(program, path, where.files(release.id, service));
    const found = await Promise.all(candidates.map((candidate) => isProgram(deps, candidate)));
    if (!found.includes(true)) {
      return problem(
        "failed",
        `${program}, which starts ${service}, is not on this machine`,
        `install it, or correct the command of ${service}`,
        program,
      );
    }
  }
  return ok(undefined);
}

function candidatesOf(program: string, path: string, cwd: string): readonly string[] {
  if (program.startsWith("/")) return [program];
  if (program.includes("/")) return [join(cwd, program)];
  return path
    .split(":")
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, program));
}

async function isProgram(deps: ProcessRuntimeDeps, path: string): Promise<boolean> {
  const stat = await deps.files.stat(path);
  return stat.ok && stat.value?.type === "file" && (stat.value.mode & 0o111) !== 0;
}

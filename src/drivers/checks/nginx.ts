// nginx: does its config hold, and when do the certificates in it run out.
import { type Look, well } from "../../core/doctor/look.ts";
import { failedLook } from "../../core/doctor/report.ts";
import { ok, problem } from "../../core/result.ts";
import type { Check } from "../../ports/checkup.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Host } from "../../ports/host.ts";
import { ask, askText, inside, lastWords } from "./ask.ts";
import { lookAt } from "./certificates.ts";

export type NginxConfig = {
  /** Its main config file; null: the one it was built with. */
  readonly config: string | null;
  /** The prefix of a private instance (`-p`); null: the built-in one. */
  readonly prefix: string | null;
  readonly container: string | null;
};

const mostCertificates = 20;

export function nginx(config: NginxConfig, deps: { host: Host; clock: Clock }): Check {
  return {
    name: "nginx",
    about: config.container ?? "",
    next: "nginx -t",
    async look(signal) {
      const argv = ["nginx", "-T", ...flag("-p", config.prefix), ...flag("-c", config.config)] as const;
      const tested = await ask(deps.host, inside(config.container, [...argv]), signal);
      if (!tested.ok) return tested;
      const { exitCode, stdout, stderr } = tested.value;
      if (exitCode !== 0) return problem("failed", reason(stderr), "Mend it, then: nginx -t");
      const paths = certificatePaths(stdout).slice(0, mostCertificates);
      const looks = await Promise.all(paths.map((path) => certificate(path, config, deps, signal)));
      return ok([well("config", "its config holds", { certificates: paths.length }), ...looks.flat()]);
    },
  };
}

function flag(name: string, value: string | null): readonly string[] {
  return value === null ? [] : [name, value];
}

/** The line with the fault, not the one that says "test failed". */
function reason(stderr: string): string {
  const fault = stderr.split("\n").find((line) => /\[(emerg|alert|crit|error)\]/.test(line));
  return fault
    ? fault.replace(/^.*?\[(emerg|alert|crit|error)\]\s*/, "").slice(0, 200)
    : lastWords(stderr, "nginx");
}

/** Those of comments and those made of variables are left out. */
export function certificatePaths(dump: string): readonly string[] {
  const found = dump.matchAll(/^[^#\n]*?\bssl_certificate\s+("([^"$]+)"|'([^'$]+)'|([^\s;"'$]+))\s*;/gm);
  const paths = [...found].map((one) => one[2] ?? one[3] ?? one[4] ?? "");
  return [...new Set(paths)].filter((path) => path !== "" && !path.startsWith("data:"));
}

/** Relative paths are relative to the folder of the config file, which only nginx knows for sure: left as they are. */
async function certificate(
  path: string,
  { container }: NginxConfig,
  { host, clock }: { host: Host; clock: Clock },
  signal: AbortSignal,
): Promise<readonly Look[]> {
  const pem = await askText(host, inside(container, ["cat", "--", path]), signal);
  const looked = pem.ok ? lookAt(path, pem.value, clock.now(), null) : pem;
  return looked.ok ? looked.value : [failedLook(path, looked.error)];
}

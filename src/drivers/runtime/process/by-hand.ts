// How a person brings a release of the process runtime back: our proxy goes, the app itself takes the public port.
import { join } from "node:path";
import { quote } from "../../../core/break-glass/quote.ts";
import { type HandStep, type Kept, keptFolder } from "../../../core/break-glass/steps.ts";
import { type Release, routedOf, servicesOf } from "../../../core/release.ts";
import { ok, type Result } from "../../../core/result.ts";
import type { BreakGlass } from "../../../ports/break-glass.ts";
import { layout, type ProcessRuntimeDeps } from "./config.ts";
import { argvOf, readEnvText, settingsOf, type Values } from "./env.ts";
import { readEnvFile } from "./proof.ts";
import { processSpecOf } from "./spec.ts";

export type ProcessByHandConfig = {
  readonly app: string;
  readonly env: string;
  readonly stateDir: string;
  /** The journal's file: who has it open is the controller. */
  readonly journal: string;
  /** What stands in front of a service: how its process is marked, and where it listens. */
  readonly front: (service: string) => {
    readonly mark: { readonly name: string; readonly value: string };
    readonly listen: { readonly host: string; readonly port: number };
  };
};

export type ProcessByHandDeps = Pick<ProcessRuntimeDeps, "files" | "baseEnv" | "node">;

/** By this a process that the script has started is found by its next run. */
const mark = "LASTGOOD_BREAK_GLASS";
const proxyGraceS = 1;

export function processByHand(config: ProcessByHandConfig, deps: ProcessByHandDeps): BreakGlass {
  return {
    async byHand(release) {
      const keep: Kept[] = [];
      for (const service of servicesOf(release)) {
        const kept = await keepService(config, deps, release, service);
        if (!kept.ok) return kept;
        keep.push(...kept.value);
      }
      return ok({ steps: stepsOf(config, release), keep, handBack: handBackOf(config), needs });
    },
  };
}

const needs = ["grep", "sed", "awk", "tr", "nohup"] as const;

function handBackOf(config: ProcessByHandConfig): readonly string[] {
  const find = `grep -l -F '${mark}=${markOf(config)}' /proc/[0-9]*/environ`;
  return [
    "The app itself has the public port now: nothing switches and nothing watches until Lastgood has it again.",
    `To hand it back: end the process that this finds: ${find}; then lastgood serve; then lastgood deploy.`,
  ];
}

/** The runtime's own folder: apps of one name may stand on one machine. */
function markOf({ stateDir }: ProcessByHandConfig): string {
  return layout(stateDir).root;
}

function stepsOf(config: ProcessByHandConfig, release: Release): readonly HandStep[] {
  const { env, journal, stateDir } = config;
  const routed = routedOf(release);
  const fronts = routed.map((service) => config.front(service));
  const marks = [...new Map(fronts.map(({ mark }) => [`${mark.name}=${mark.value}`, mark])).values()];
  const graceS = Math.ceil(
    Math.max(0, ...Object.values(release.services).map((service) => service.stopGraceMs)) / 1_000,
  );
  return [
    {
      say: "Stop Lastgood's controller, so that it does not undo what follows.",
      acts: [{ act: "end-controller", file: journal }],
    },
    {
      say: `Stop all that runs of ${env}, whatever release it is, and what an earlier run of this script started.`,
      acts: [
        { act: "end-marked", name: "LASTGOOD_STATE", value: layout(stateDir).root, graceS },
        { act: "end-marked", name: mark, value: markOf(config), graceS },
      ],
    },
    {
      say: "Stop Lastgood's proxy: its port is needed. From here on nobody is served for a moment.",
      acts: marks.map((one) => ({ act: "end-marked" as const, ...one, graceS: proxyGraceS })),
    },
    ...servicesOf(release).map((service): HandStep => {
      const { port } = config.front(service).listen;
      return {
        say: `Start ${service} of ${release.version} on port ${port}.`,
        acts: [
          {
            act: "start",
            script: `${keptFolder}/${service}/start.sh`,
            log: `${keptFolder}/${service}/output.log`,
          },
        ],
      };
    }),
    ...routed.map((service) => probe(config, release, service)),
  ];
}

function probe(config: ProcessByHandConfig, release: Release, service: string): HandStep {
  const health = release.services[service]?.health;
  const { host, port } = config.front(service).listen;
  const path = health?.path ?? "/";
  const tries = Math.max(5, Math.ceil((health?.timeoutMs ?? 0) / 1_000));
  return {
    say: `Wait until ${service} answers.`,
    acts: [
      {
        act: "until-answers",
        url: `http://${reachable(host)}:${port}${path}`,
        tries,
        log: `${keptFolder}/${service}/output.log`,
      },
    ],
  };
}

function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}

async function keepService(
  config: ProcessByHandConfig,
  deps: ProcessByHandDeps,
  release: Release,
  service: string,
): Promise<Result<readonly Kept[]>> {
  const where = layout(config.stateDir);
  const described = release.services[service];
  if (!described) return ok([]);
  const spec = processSpecOf(described);
  const secrets = await readEnvFile(deps.files, where.envFile(release.id, service), spec);
  if (!secrets.ok) return secrets;
  const { port } = config.front(service).listen;
  const env = {
    ...settingsOf(deps.baseEnv, spec, readEnvText(secrets.value)),
    PORT: String(port),
    LASTGOOD_RELEASE: release.id,
    LASTGOOD_SERVICE: service,
    [mark]: markOf(config),
  };
  const argv = argvOf(spec.command, deps.node, port);
  return ok([
    { name: join(service, "files"), from: where.files(release.id, service) },
    { name: join(service, "start.sh"), text: startScript(service, release, argv, env) },
  ]);
}

/** Its first argument is the folder of kept files. Values are set one by one: nothing secret is ever in an argv. */
function startScript(service: string, release: Release, argv: readonly string[], env: Values): string {
  const names = Object.keys(env).filter((name) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  const left = Object.keys(env).filter((name) => !names.includes(name));
  return `#!/bin/sh
# Starts ${service} of ${release.id}, as Lastgood would. Secrets are in here: keep this file to yourself.
${left.map((name) => `# left out, because a shell can't set it: ${name.replace(/[^\x20-\x7e]/g, "?")}`).join("\n")}
set -eu
${names.map((name) => `export ${name}=${quote(env[name] ?? "")}`).join("\n")}
cd -- "$1"/${quote(service)}/files
exec ${argv.map(quote).join(" ")}
`;
}

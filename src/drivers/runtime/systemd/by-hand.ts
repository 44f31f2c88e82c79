// How a person brings a release back that runs in units of systemd: its files, its drop-in, its unit.
import { join } from "node:path";
import { type HandAct, type HandStep, type Kept, keptFolder } from "../../../core/break-glass/steps.ts";
import { type Release, servicesOf } from "../../../core/release.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { BreakGlass } from "../../../ports/break-glass.ts";
import type { Files } from "../../../ports/files.ts";
import { layout } from "../process/config.ts";
import { type Slot, type SystemdRuntimeConfig, type SystemdServiceConfig, slotsOf } from "./config.ts";
import { dropIn } from "./unit.ts";

export type SystemdByHandConfig = Pick<SystemdRuntimeConfig, "stateDir" | "unitDir"> & {
  /** Where each service can run. */
  readonly services: Readonly<Record<string, Pick<SystemdServiceConfig, "unit" | "ports" | "link">>>;
  /** The journal's file: who has it open is the controller. */
  readonly journal: string;
  /** Our proxy in front: how its process is marked, and where it listens; null where something else stands there. */
  readonly front: {
    readonly mark: { readonly name: string; readonly value: string };
    readonly listen: { readonly host: string; readonly port: number };
  } | null;
};

/** What a release's marks say of a start by hand: there is no op. */
const byHandOp = "by-hand";
const proxyGraceS = 1;

export function systemdByHand(config: SystemdByHandConfig, deps: { readonly files: Files }): BreakGlass {
  return {
    async byHand(release) {
      const keep: Kept[] = [];
      for (const service of servicesOf(release)) {
        const slot = slotOf(config, service);
        if (!slot)
          return problem("config", `lastgood.yml has no service ${service}`, "Put it back, then deploy.");
        const kept = await keepService(config, deps.files, release, slot);
        if (!kept.ok) return kept;
        keep.push(...kept.value);
      }
      return ok({
        steps: stepsOf(config, release, keep),
        keep,
        handBack: handBackOf(config, release),
        needs: ["systemctl", "cp", "mkdir", "ln", "ls", "awk", "sed", "grep", "tr"],
      });
    },
  };
}

/** One instance is enough, whatever the unit could run: the first one that is named. */
function slotOf({ services }: SystemdByHandConfig, service: string): Slot | undefined {
  const described = services[service];
  return described ? slotsOf(service, described)[0] : undefined;
}

/** Where the unit listens: on the public port, where only our proxy stood there. */
function portOf({ front }: SystemdByHandConfig, slot: Slot): number {
  return front?.listen.port ?? slot.port;
}

function handBackOf(config: SystemdByHandConfig, release: Release): readonly string[] {
  const slots = servicesOf(release).flatMap((service) => slotOf(config, service) ?? []);
  const units = slots.map((slot) => slot.unit).join(" ");
  const switched = config.front
    ? "The unit itself has the public port now: nothing switches and nothing watches until Lastgood has it again."
    : `Whatever stands in front must lead to port ${slots.map((slot) => slot.port).join(", ")} of this machine: look at its config.`;
  return [switched, `To hand it back: systemctl stop ${units}, then lastgood serve, then lastgood deploy.`];
}

function stepsOf(config: SystemdByHandConfig, release: Release, keep: readonly Kept[]): readonly HandStep[] {
  const services = servicesOf(release);
  const units = Object.entries(config.services).flatMap(([name, one]) =>
    slotsOf(name, one).map(({ unit }) => unit),
  );
  return [
    {
      say: "Stop Lastgood's controller, so that it does not undo what follows.",
      acts: [{ act: "end-controller", file: config.journal }],
    },
    {
      say: `Put the files of ${release.version} back where its unit expects them.`,
      acts: services.flatMap((service) => putBack(config, release, service, keep)),
    },
    {
      say: "Stop the units, whatever release they run. From here on nobody is served for a moment.",
      acts: units.map(
        (unit) => ({ act: "run", argv: ["systemctl", "stop", "--", unit], mayFail: true }) as const,
      ),
    },
    ...(config.front
      ? [
          {
            say: "Stop Lastgood's proxy: its port is needed.",
            acts: [{ act: "end-marked" as const, ...config.front.mark, graceS: proxyGraceS }],
          },
        ]
      : []),
    ...services.flatMap((service) => start(config, release, service)),
  ];
}

function putBack(
  config: SystemdByHandConfig,
  release: Release,
  service: string,
  keep: readonly Kept[],
): readonly HandAct[] {
  const where = layout(config.stateDir);
  const target = where.files(release.id, service);
  const hasEnv = keep.some((one) => one.name === join(service, "env"));
  return [
    run("mkdir", "-p", "--", target),
    run("cp", "-R", "-p", "--", `${keptFolder}/${service}/files/.`, target),
    ...(hasEnv
      ? [run("cp", "-p", "--", `${keptFolder}/${service}/env`, where.envFile(release.id, service))]
      : []),
  ];
}

function start(config: SystemdByHandConfig, release: Release, service: string): readonly HandStep[] {
  const slot = slotOf(config, service);
  if (!slot) return [];
  const { unit, link } = slot;
  const folder = join(config.unitDir, `${unit}.d`);
  const port = portOf(config, slot);
  const path = release.services[service]?.health.path ?? "/";
  const tries = Math.max(5, Math.ceil((release.services[service]?.health.timeoutMs ?? 0) / 1_000));
  return [
    {
      say: `Start ${service} of ${release.version} as ${unit} on port ${port}.`,
      acts: [
        run("mkdir", "-p", "--", folder),
        run("cp", "--", `${keptFolder}/${service}/50-lastgood.conf`, `${folder}/50-lastgood.conf`),
        ...(link === null
          ? []
          : [run("ln", "-sfn", "--", layout(config.stateDir).files(release.id, service), link)]),
        run("systemctl", "daemon-reload"),
        { act: "run", argv: ["systemctl", "reset-failed", "--", unit], mayFail: true },
        run("systemctl", "start", "--", unit),
        { act: "run", argv: ["systemctl", "enable", "--quiet", "--", unit], mayFail: true },
      ],
    },
    {
      say: `Wait until ${service} answers.`,
      acts: [{ act: "until-answers", url: `http://127.0.0.1:${port}${path}`, tries, log: null }],
    },
  ];
}

function run(...argv: readonly [string, ...string[]]): HandAct {
  return { act: "run", argv };
}

async function keepService(
  config: SystemdByHandConfig,
  files: Files,
  release: Release,
  slot: Slot,
): Promise<Result<readonly Kept[]>> {
  const where = layout(config.stateDir);
  const folder = where.files(release.id, slot.service);
  const env = where.envFile(release.id, slot.service);
  const there = await files.stat(env);
  if (!there.ok) return there;
  const text = dropIn({
    marks: { instance: `${slot.service}-${release.id}-${byHandOp}`, release: release.id, op: byHandOp },
    service: slot.service,
    port: portOf(config, slot),
    folder,
    envFile: there.value === null ? null : env,
  });
  return ok([
    { name: join(slot.service, "files"), from: folder },
    { name: join(slot.service, "50-lastgood.conf"), text },
    ...(there.value === null ? [] : [{ name: join(slot.service, "env"), from: env }]),
  ]);
}

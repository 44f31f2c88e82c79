// How a person brings a release of a compose stack back: the service's own containers again, under the user's project,
// with its own names and ports, so that whoever asks for it finds it without any edge in between.
import { join } from "node:path";
import { z } from "zod";
import {
  type Argv,
  type HandAct,
  type HandStep,
  type Kept,
  keptFolder,
} from "../../../core/break-glass/steps.ts";
import { parseJson } from "../../../core/json.ts";
import { type Release, servicesOf } from "../../../core/release.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { BreakGlass } from "../../../ports/break-glass.ts";
import type { Files } from "../../../ports/files.ts";
import { imageTag, labelFilters, labels } from "../../docker/names.ts";
import { composeLayout } from "./config.ts";
import { type ComposeSpec, composeSpecOf } from "./spec.ts";

export type ComposeByHandConfig = {
  readonly app: string;
  readonly env: string;
  /** How the docker client is told which engine: DOCKER_HOST and the like; empty where it knows by itself. */
  readonly dockerEnv: Readonly<Record<string, string>>;
  readonly stateDir: string;
  /** The journal's file: who has it open is the controller. */
  readonly journal: string;
  /**
   * Services of the project that stand in front of others and keep addresses in mind (nginx): restarted at the end.
   * Those that were found are enough: it is better than nothing where the engine can't be asked.
   */
  readonly front: (project: string) => Promise<readonly string[]>;
};

/** What was stored of a service at its capture; only what changes here is looked at. */
const storedFile = z.looseObject({
  services: z.record(z.string(), z.looseObject({ networks: z.record(z.string(), z.unknown()).optional() })),
  networks: z.record(z.string(), z.looseObject({ name: z.string() })).optional(),
});

type Place = Omit<ComposeByHandConfig, "front"> & {
  readonly project: string;
  readonly front: readonly string[];
};

const healthTries = 120;

export function composeByHand(config: ComposeByHandConfig, deps: { readonly files: Files }): BreakGlass {
  return {
    async byHand(release) {
      const keep: Kept[] = [];
      for (const service of servicesOf(release)) {
        const kept = await keepService(config, deps.files, release, service);
        if (!kept.ok) return kept;
        keep.push(...kept.value);
      }
      const [first] = Object.values(release.services);
      if (!first) return problem("missing", `${release.id} has no services`, "Deploy the version again.");
      const { project } = composeSpecOf(first);
      const place = { ...config, project, front: await config.front(project) };
      const handBack = [
        "The stack runs as plain `docker compose up -d` would run it: nothing switches and nothing watches.",
        "To hand it back: lastgood serve, then lastgood deploy: it takes over what runs.",
      ];
      return ok({
        steps: stepsOf(place, release),
        keep,
        handBack,
        needs: ["docker", "ls", "awk", "sed", "grep"],
      });
    },
  };
}

/** The client, told which engine where it does not know by itself. */
function docker({ dockerEnv }: Place, ...args: readonly string[]): Argv {
  const told = Object.entries(dockerEnv).map(([name, value]) => `${name}=${value}`);
  return told.length === 0 ? ["docker", ...args] : ["env", ...told, "docker", ...args];
}

function stepsOf(place: Place, release: Release): readonly HandStep[] {
  const services = servicesOf(release);
  const { project, app, env } = place;
  const ours = labelFilters({ [labels.app]: app, [labels.env]: env });
  const image = (service: string) => imageTag(project, service, release.id);
  return [
    {
      say: "Stop Lastgood's controller, so that it does not undo what follows.",
      acts: [{ act: "end-controller", file: place.journal }],
    },
    {
      say: "Look whether the images and Compose are there. Nothing is changed yet.",
      acts: [
        run(docker(place, "compose", "version")),
        ...services.map((service) =>
          run(docker(place, "image", "inspect", "--format", "{{.Id}}", image(service))),
        ),
      ],
    },
    {
      say: `Make the containers of ${release.version}; they are not started yet.`,
      acts: services.map((service) => run(up(place, service, "--no-start"))),
    },
    {
      say: "Remove what Lastgood runs, its edges too: names and ports become free. From here on nobody is served for a moment.",
      acts: [
        {
          act: "for-each",
          list: docker(place, "ps", "--all", "--quiet", "--filter", `label=${labels.kind}`, ...ours),
          each: docker(place, "rm", "--force"),
        },
      ],
    },
    {
      say: `Start ${release.version}.`,
      acts: services.map((service) => run(up(place, service, "--detach"))),
    },
    {
      say: "Wait until Docker calls it healthy (or running, where it has no healthcheck).",
      acts: services.map((service) => ({
        act: "until-listed" as const,
        lists: ["healthy", "none"].map((health) =>
          docker(place, "ps", "--quiet", ...inProject(project, service), "--filter", `health=${health}`),
        ),
        tries: healthTries,
        otherwise: `${service} does not become healthy: docker compose -p ${project} logs ${service}`,
      })),
    },
    ...frontSteps(place),
  ];
}

function run(argv: Argv): HandAct {
  return { act: "run", argv };
}

/** What is there with other settings is made anew by Compose; what is there as it should be stays. */
function up(place: Place, service: string, how: string): Argv {
  const file = `${keptFolder}/${service}/compose.json`;
  const asItIs = ["--no-deps", "--no-build", "--pull", "never"];
  return docker(place, "compose", "-p", place.project, "-f", file, "up", how, ...asItIs, service);
}

/** Running containers of a service. */
function inProject(project: string, service: string): readonly string[] {
  const own = { "com.docker.compose.project": project, "com.docker.compose.service": service };
  return [...labelFilters(own), "--filter", "status=running"];
}

/** They may have looked the service's address up once, and would go on asking the edge that is gone. */
function frontSteps(place: Place): readonly HandStep[] {
  const { project, front } = place;
  if (front.length === 0) return [];
  const acts = front.map((service) => ({
    act: "for-each" as const,
    list: docker(place, "ps", "--quiet", ...inProject(project, service)),
    each: docker(place, "restart"),
  }));
  return [{ say: `Restart ${front.join(", ")}: they remember the address of what was there before.`, acts }];
}

async function keepService(
  config: ComposeByHandConfig,
  files: Files,
  release: Release,
  service: string,
): Promise<Result<readonly Kept[]>> {
  const where = composeLayout(config.stateDir);
  const described = release.services[service];
  if (!described) return ok([]);
  const spec = composeSpecOf(described);
  const path = where.composeFile(release.id, service);
  const text = await files.read(path);
  if (!text.ok) return text;
  const stored = storedFile.safeParse(parseJson(text.value.toString("utf8")));
  if (!stored.success)
    return problem(
      "damaged",
      `what was stored of ${service} cannot be read`,
      "Deploy the version again.",
      path,
    );
  const image = imageTag(spec.project, service, release.id);
  const plain = plainAgain(stored.data, service, spec, image);
  return ok([
    { name: join(service, "compose.json"), text: `${JSON.stringify(plain, null, 2)}\n` },
    ...Object.keys(spec.files).map((file) => ({
      name: join(service, "files", file),
      from: where.filed(release.id, service, file),
    })),
  ]);
}

/** As the user's own file has it: its names in the networks, its ports on the host, its labels. */
function plainAgain(stored: z.infer<typeof storedFile>, service: string, spec: ComposeSpec, image: string) {
  const own = stored.services[service] ?? {};
  const networks = Object.entries(stored.networks ?? {}).map(([key, { name }]) => {
    const at = spec.networks.find((one) => one.name === name);
    const fixed = at?.ip ? { ipv4_address: at.ip } : {};
    return [key, { aliases: at?.aliases ?? [service], ...fixed }] as const;
  });
  const ports = spec.published.map(({ hostIp, hostPort, target, protocol }) => ({
    mode: "ingress",
    host_ip: hostIp,
    published: String(hostPort),
    target,
    protocol,
  }));
  const labelled = {
    ...((own["labels"] as Record<string, string> | undefined) ?? {}),
    ...spec.routingLabels,
  };
  return {
    ...stored,
    services: {
      [service]: {
        ...own,
        image,
        pull_policy: "never",
        labels: labelled,
        ...(networks.length > 0 && { networks: Object.fromEntries(networks) }),
        ...(ports.length > 0 && { ports }),
        ...(spec.copies > 1 && { scale: spec.copies }),
      },
    },
  };
}

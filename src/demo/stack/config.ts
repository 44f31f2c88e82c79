// lastgood.yml of an example stack: what `lastgood init` writes for it, with times and places of whoever asks.
import type { DockerEnv } from "./bed.ts";
import type { Stack, StackName } from "./stack.ts";

export type StackConfig = {
  readonly docker: DockerEnv;
  /** Absolute folder. */
  readonly state: string;
  /** The `watch` and `policy` sections, in YAML. */
  readonly watch: string;
  readonly policy?: string;
  readonly controllerPort: number;
};

/** What the compose files do not say of their services. */
const services: Readonly<Record<StackName, string>> = {
  hummii: `      services:
        api: { class: app, port: 3000, health: { path: /api/health, interval: 50ms } }
        worker: { class: worker }
        frontend: { class: app, port: 3000, health: { path: /, interval: 50ms } }
        admin: { class: app, port: 3000, health: { path: /admin, interval: 50ms } }
        postgres: { class: stateful }
        redis: { class: stateful }
        nginx: { class: edge }
      tasks:
        - { name: migrate, service: api, command: [node, migrate.mjs] }`,
  hibachi: `      versionVariable: API_TAG
      services:
        production-api: { class: app, port: 8000, health: { path: /health, interval: 50ms } }
        redis: { class: stateful }
      tasks:
        - { name: migrate, service: production-api, command: [node, migrate.mjs] }`,
};

export function stackConfig(stack: Stack, asked: StackConfig): string {
  const { DOCKER_HOST: host, DOCKER_CONFIG: configDir } = asked.docker;
  const docker = [
    ...(host === undefined ? [] : [`host: ${JSON.stringify(host)}`]),
    ...(configDir === undefined ? [] : [`configDir: ${JSON.stringify(configDir)}`]),
  ];
  return `app: ${stack.kind}
state: ${JSON.stringify(asked.state)}
environments:
  production:
    stack:
      runtime: compose
      files: ${JSON.stringify(stack.files)}
      envFiles: [${JSON.stringify(stack.envFile)}]
      project: ${stack.name}
      docker: { ${docker.join(", ")} }
${services[stack.kind]}
    watch: ${asked.watch}
    policy: ${asked.policy ?? "{}"}
controller: { listen: "127.0.0.1:${asked.controllerPort}" }
`;
}

// A small stack of a team that has never heard of us: an app with a fixed name, and nginx in front of it.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Later } from "../../parts/bed.ts";
import { until } from "../../proxy/bed.ts";
import { appCode, type EdgeBed, edgeBed } from "../traffic/edge-bed.ts";

export const nginxConf = (names: readonly string[]) => `
user nginx;
worker_processes 2;
events { worker_connections 1024; }
http {
  access_log off;
  ${names.map((name) => `upstream ${name} { server ${name}:3000; keepalive 32; }`).join("\n  ")}
  server {
    listen 80;
    proxy_http_version 1.1;
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header Connection "";
    location /socket {
      proxy_pass http://${names[0]};
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_read_timeout 3600s;
    }
    location / { proxy_pass http://${names[0]}; }
  }
}
`;

export type Stack = {
  readonly bed: EdgeBed;
  readonly folder: string;
  /** A folder from which another version's image of the app can be built. */
  buildContext(version: string): string;
  compose(...args: readonly string[]): Promise<string>;
  /** Where its nginx is reached. */
  nginxUrl(): Promise<string>;
};

/** `ports`: how the app publishes itself, as in a compose file; null: nginx stands in front of it. */
export async function smallStack(later: Later, ports: string | null): Promise<Stack> {
  const bed = await edgeBed(later, { networkKey: "net" });
  const { project, network } = bed;
  const folder = bed.folder();
  mkdirSync(join(folder, "nginx"));
  writeFileSync(join(folder, "nginx/nginx.conf"), nginxConf(["api"]));
  const app = {
    image: `${project}-app:latest`,
    container_name: `${project}-api`,
    entrypoint: ["/usr/local/bin/node", "-e", appCode.replaceAll("$", "$$")],
    environment: { APP_NAME: "theirs" },
    restart: "always",
    stop_grace_period: "3s",
    networks: ["net"],
    ...(ports === null ? { expose: ["3000"] } : { ports: [ports] }),
  };
  const nginx = {
    image: "nginx:1.22",
    restart: "always",
    volumes: ["./nginx/nginx.conf:/etc/nginx/nginx.conf:ro"],
    depends_on: ["api"],
    networks: ["net"],
  };
  const file = { services: { api: app, ...(ports === null ? { nginx } : {}) }, networks: { net: {} } };
  writeFileSync(join(folder, "docker-compose.yml"), JSON.stringify(file));
  const compose = (...args: readonly string[]) =>
    bed.bed.docker(["compose", "--project-name", project, "--project-directory", folder, ...args], {
      timeoutMs: 180_000,
    });
  await bed.docker("tag", bed.image, `${project}-app:latest`);
  await compose("up", "--detach");
  const addressOf = async (name: string) =>
    await bed.docker(
      "inspect",
      "--format",
      `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`,
      name,
    );
  const stack = {
    bed,
    folder,
    buildContext(version: string) {
      const context = bed.folder();
      writeFileSync(join(context, "Dockerfile"), `FROM ${bed.image}\nLABEL version=${version}\n`);
      return context;
    },
    compose,
    nginxUrl: async () => `http://${await addressOf(`${project}-nginx-1`)}`,
  };
  const url = ports === null ? await stack.nginxUrl() : `http://${ports.split(":").slice(0, 2).join(":")}`;
  await until(async () => (await fetch(url).catch(() => null))?.status === 200);
  return stack;
}

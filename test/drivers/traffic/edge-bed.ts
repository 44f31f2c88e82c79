// Real edge containers with their driver, real backends in containers, in a network of their own.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { dockerCli } from "../../../src/drivers/docker/cli.ts";
import { type EdgeConfig, type EdgeTraffic, edgeTraffic } from "../../../src/drivers/traffic/edge/edge.ts";
import { ensureEdgeImage } from "../../../src/drivers/traffic/edge/image.ts";
import { systemClock } from "../../../src/os/clock.ts";
import { localFiles } from "../../../src/os/files.ts";
import { httpClient } from "../../../src/os/http-client.ts";
import { localProcesses } from "../../../src/os/processes.ts";
import type { Backend, RouteState } from "../../../src/ports/traffic.ts";
import type { Later } from "../../parts/bed.ts";
import { type DockerBed, docker as dockerBed } from "../../parts/docker.ts";
import { op, until, value } from "../../proxy/bed.ts";

const root = resolve(import.meta.dirname, "../../..");

export function edgeDeps({ host }: Pick<DockerBed, "host">) {
  return {
    http: httpClient(),
    files: localFiles(),
    clock: systemClock(),
    host,
    docker: dockerCli(host, { host: null, context: null, configDir: null }),
    node: process.execPath,
    proxyMain: join(root, "src/proxy/main.ts"),
    packageRoot: root,
    say: () => undefined,
  };
}

export type EdgeBed = {
  readonly project: string;
  readonly bed: DockerBed;
  readonly deps: ReturnType<typeof edgeDeps>;
  readonly network: string;
  readonly image: string;
  docker(...args: readonly string[]): Promise<string>;
  /** A container of the edge's own image that runs this program as node; its name. */
  program(name: string, code: string, options?: readonly string[], args?: readonly string[]): Promise<string>;
  /** An app on port 3000 that answers with its name. */
  backend(name: string): Promise<Backend>;
  folder(): string;
  config(options?: Partial<EdgeConfig>): EdgeConfig;
  edge(options?: Partial<EdgeConfig>): EdgeTraffic;
  freePort(): Promise<number>;
};

/** Says its name; `/slow` takes half a second; websockets get back what they send; `/die` ends it. */
export const appCode = `
  const name = process.env.APP_NAME, http = require("node:http"), { createHash } = require("node:crypto");
  const server = http.createServer((request, response) => {
    if (request.url === "/die") process.exit(3);
    request.resume();
    const answer = () => response.end(name + "\\n");
    if (request.url.startsWith("/slow")) setTimeout(answer, 500); else answer();
  });
  server.on("upgrade", (request, socket) => {
    const key = createHash("sha1").update(request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    socket.write("HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: "
      + key.digest("base64") + "\\r\\n\\r\\n");
    socket.on("error", () => {}).pipe(socket);
  });
  process.on("SIGTERM", () => { server.close(() => process.exit(0)); setInterval(() => server.closeIdleConnections(), 20); });
  server.listen(3000, () => console.log("ready"));`;

/** `networkKey`: a network of the project that somebody else makes, as a compose file calls it. */
export async function edgeBed(
  later: Later,
  options: { readonly bed?: DockerBed; readonly networkKey?: string } = {},
): Promise<EdgeBed> {
  const folders: string[] = [];
  // Gone after the containers that write into them.
  later(async () => {
    for (const one of folders) rmSync(one, { recursive: true, force: true });
  });
  const own = options.bed ?? (await dockerBed(later));
  const { project } = own;
  const network = `${project}_${options.networkKey ?? "default"}`;
  const deps = edgeDeps(own);
  const docker = async (...args: readonly string[]) => (await own.docker(args)).trim();
  const image = value(await ensureEdgeImage(deps)).tag;
  if (options.networkKey === undefined) {
    await docker("network", "create", "--label", `lastgood.test=${project}`, network);
  }

  function config(options: Partial<EdgeConfig> = {}): EdgeConfig {
    const service = options.service ?? `api${randomBytes(3).toString("hex")}`;
    return {
      app: "shop",
      env: "test",
      project,
      service,
      stateDir: folder(),
      port: 3000,
      networks: [{ name: network, aliases: [service], ip: null }],
      published: [],
      publicUrl: null,
      labels: { "lastgood.test": project },
      tuning: { stopGraceMs: 2_000 },
      ...options,
    };
  }

  function folder(): string {
    const made = mkdtempSync(join(tmpdir(), "lg-edge-"));
    folders.push(made);
    return made;
  }

  async function program(
    name: string,
    code: string,
    options: readonly string[] = [],
    args: readonly string[] = [],
  ): Promise<string> {
    const container = `${project}-${name}`;
    await docker(
      ...[
        "run",
        "--detach",
        "--name",
        container,
        "--label",
        `lastgood.test=${project}`,
        "--network",
        network,
        ...options,
      ],
      ...["--env", `APP_NAME=${name}`, "--entrypoint", "/usr/local/bin/node", image, "-e", code, ...args],
    );
    await until(async () => (await docker("logs", container)).includes("ready"));
    return container;
  }

  return {
    project,
    bed: own,
    deps,
    network,
    image,
    docker,
    program,
    folder,
    config,
    edge: (options) => edgeTraffic(config(options), deps),
    freePort: () => localProcesses().freePort(),
    async backend(name) {
      const container = await program(name, appCode);
      return { release: `${name}-release`, instance: container, url: `http://${container}:3000` };
    },
  };
}

/** Route there, from whatever generation it is. */
export async function routeTo(edge: EdgeTraffic, backend: Backend | null, held = false): Promise<RouteState> {
  const { generation, epoch } = value(await edge.now());
  const id = randomBytes(6).toString("hex");
  return value(await edge.change(op(id, Math.max(1, epoch)), generation, { backend, held }));
}

// A private nginx on 127.0.0.1 with our driver in front of it.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NginxConfig, nginxTraffic, onHost } from "../../../src/drivers/traffic/nginx/nginx.ts";
import { localHost } from "../../../src/os/exec.ts";
import { deps as proxyDeps, until, value } from "../../proxy/bed.ts";

const { clock, files, http } = proxyDeps;
export const host = localHost({ PATH: process.env["PATH"] ?? "/usr/bin:/bin" }, clock);
export const deps = { host, files, http, clock };

export type NginxBed = Awaited<ReturnType<typeof nginxBed>>;

export type NginxBedOptions = {
  readonly switchBy: "link" | "reload";
  readonly inPlace?: boolean;
  readonly initial?: string;
  /** Added to `http {}` / `server {}` / `location {}` of the main file. */
  readonly inHttp?: string;
  readonly inServer?: string;
  readonly inLocation?: string;
};

export async function nginxBed(options: NginxBedOptions) {
  const dir = mkdtempSync(join(tmpdir(), "lg-nginx-"));
  chmodSync(dir, 0o755);
  const port = await proxyDeps.processes.freePort();
  const folder = join(dir, "lastgood");
  const main = join(dir, "nginx.conf");
  const config: NginxConfig = {
    name: "web",
    folder,
    folderInside: folder,
    url: `http://127.0.0.1:${port}`,
    hostHeader: null,
    switchBy: options.switchBy,
    inPlace: options.inPlace ?? false,
    initial: options.initial ?? null,
    askFrom: [],
    commands: onHost(["nginx", "-p", dir, "-c", main]),
  };
  mkdirSync(join(dir, "logs"));
  writeFileSync(main, mainText({ ...options, port, folder }));
  const traffic = nginxTraffic(config, deps);
  // As a person does it: our files first, then the lines that include them, then nginx.
  const first = await traffic.ensure();
  if (first.ok || first.error.code !== "unreachable") throw new Error("nginx answered before it was started");
  const nginx = await startNginx(dir, main);
  const ready = await traffic.ensure();
  if (!ready.ok) await endNginx(nginx);
  value(ready);
  return {
    traffic,
    config,
    dir,
    port,
    main,
    url: config.url,
    again: () => nginxTraffic(config, deps),
    pid: () => Number(readFileSync(join(dir, "logs/nginx.pid"), "utf8")),
    errorLog: () => readFileSync(join(dir, "logs/error.log"), "utf8"),
    async close() {
      await endNginx(nginx);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

type MainText = NginxBedOptions & { readonly port: number; readonly folder: string };

export function mainText({ port, folder, inHttp = "", inServer = "", inLocation = "" }: MainText): string {
  const ours = (text: string) => text.replaceAll("$FOLDER", folder);
  return `daemon off;
worker_processes 2;
pid logs/nginx.pid;
error_log logs/error.log;
events { worker_connections 1024; }
http {
  access_log logs/access.log;
  keepalive_requests 100000;
  include ${folder}/*.conf;
  ${ours(inHttp)}
  server {
    listen 127.0.0.1:${port};
    include ${folder}/web.server;
    ${ours(inServer)}
    location / {
      include ${folder}/web.location;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      ${ours(inLocation)}
    }
  }
}
`;
}

async function startNginx(dir: string, main: string): Promise<ChildProcess> {
  const nginx = spawn("nginx", ["-p", dir, "-c", main], { stdio: "inherit" });
  await until(() => {
    if (nginx.exitCode !== null) throw new Error("nginx ended at once");
    return spawnSync("test", ["-s", join(dir, "logs/nginx.pid")]).status === 0;
  });
  return nginx;
}

async function endNginx(nginx: ChildProcess): Promise<void> {
  if (nginx.exitCode !== null || nginx.signalCode !== null) return;
  nginx.kill("SIGTERM");
  await once(nginx, "exit");
}

// A private HAProxy on 127.0.0.1 with our driver in front of it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HaproxyConfig, haproxyTraffic } from "../../../src/drivers/traffic/haproxy/haproxy.ts";
import { streamSocket } from "../../../src/os/stream-socket.ts";
import { deps as proxyDeps, until, value } from "../../proxy/bed.ts";
import { deps as nginxDeps } from "./nginx-bed.ts";

export const deps = { ...nginxDeps, sockets: streamSocket() };

export type HaproxyBed = Awaited<ReturnType<typeof haproxyBed>>;

export async function haproxyBed() {
  const dir = mkdtempSync(join(tmpdir(), "lg-haproxy-"));
  chmodSync(dir, 0o755);
  const port = await proxyDeps.processes.freePort();
  const folder = join(dir, "lastgood");
  const main = join(dir, "haproxy.cfg");
  const config: HaproxyConfig = {
    name: "web",
    socket: { path: join(dir, "admin.sock") },
    backend: "web",
    folder,
    url: `http://127.0.0.1:${port}`,
    hostHeader: null,
  };
  writeFileSync(main, mainText(config, dir, port));
  const traffic = haproxyTraffic(config, deps);
  const first = await traffic.ensure();
  if (first.ok || first.error.code !== "unreachable")
    throw new Error("HAProxy answered before it was started");
  let haproxy = await startHaproxy(main, config);
  const ready = await traffic.ensure();
  if (!ready.ok) haproxy.kill("SIGKILL");
  value(ready);
  return {
    traffic,
    config,
    dir,
    url: config.url,
    again: () => haproxyTraffic(config, deps),
    /** Ends it hard and starts it again; `forget` takes its state file away in between. */
    async restart({ forget }: { readonly forget: boolean }) {
      haproxy.kill("SIGKILL");
      await once(haproxy, "exit");
      rmSync(join(dir, "admin.sock"), { force: true });
      if (forget) writeFileSync(join(folder, "servers.state"), "1\n");
      haproxy = await startHaproxy(main, config);
    },
    async close() {
      if (haproxy.exitCode === null && haproxy.signalCode === null) {
        haproxy.kill("SIGKILL");
        await once(haproxy, "exit");
      }
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function mainText({ folder, backend }: HaproxyConfig, dir: string, port: number): string {
  const map = `${folder}/web.map`;
  return `global
  stats socket ${dir}/admin.sock mode 600 level admin
  server-state-file ${folder}/servers.state
  hard-stop-after 2s
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
  retries 0
frontend public
  bind 127.0.0.1:${port}
  default_backend ${backend}
backend ${backend}
  load-server-state-from-file global
  http-response set-header X-Lastgood-Release %[srv_name,map(${map})]
  server-template lastgood 1-4 127.0.0.1:1 disabled
`;
}

async function startHaproxy(main: string, { socket }: HaproxyConfig): Promise<ChildProcess> {
  const haproxy = spawn("haproxy", ["-db", "-q", "-f", main], { stdio: "inherit" });
  await until(() => {
    if (haproxy.exitCode !== null) throw new Error("haproxy ended at once");
    return "path" in socket && existsSync(socket.path);
  });
  return haproxy;
}

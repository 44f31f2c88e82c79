// The user's own nginx or HAProxy as the switch: a release goes out, is bad, and goes back by itself. Real programs.
import { existsSync } from "node:fs";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { httpClient } from "../../../src/os/http-client.ts";
import { afterTest, bedFolder, freePort, listens, startDaemon } from "../../parts/bed.ts";
import { describeWith } from "../../parts/needs.ts";
import { nginxBed } from "../../parts/nginx.ts";
import { goodThenBad, openWith, send, writeVersions } from "./story.ts";

const minutes = 60_000;

/** The app as a process of this machine; `traffic` as it stands in the config. */
function configOf(folder: string, traffic: string, healthPath: string): string {
  return `app: shop
state: ${folder}/state
environments:
  production:
    services:
      web:
        runtime: process
        source: ${folder}/versions/{version}
        command: ["{node}", main.mjs]
        health: { path: ${healthPath}, interval: 50ms, timeout: 20s }
        stopGrace: 2s
    traffic: ${traffic}
    watch: { for: 4s, check: 50ms }
`;
}

const withNginx = await describeWith("nginx");

withNginx("nginx of the user's own", () => {
  test("first it is told what to add; then its log finds the bad release", {
    timeout: 4 * minutes,
  }, async () => {
    const folder = await bedFolder("own-nginx", afterTest, 0o755);
    writeVersions(folder);
    const port = await freePort();
    const place = await bedFolder("nginx", afterTest);
    const log = join(folder, "access.log");
    const command = `[nginx, -p, ${place}, -c, ${place}/nginx.conf]`;
    const format =
      '$remote_addr [$time_local] "$request" $status "$cookie_sid" "$lastgood_production_web_release"';
    const traffic = `{ kind: nginx, url: "http://127.0.0.1:${port}", include: ${folder}/lastgood, command: ${command}, accessLog: { path: ${log}, format: '${format}', client: $cookie_sid } }`;
    const nginx = await nginxBed(() => "", afterTest, { port, folder: place });
    const site = join(nginx.confFolder, "site.conf");
    await writeFile(site, `server { listen 127.0.0.1:${port}; }`);
    await nginx.reload();
    const opened = await openWith(folder, configOf(folder, traffic, "/health"), afterTest);
    const told = await send(opened, "v1");
    expect([told.outcome, `${told.what} ${told.next}`]).toEqual([
      "usage",
      expect.stringContaining("production_web"),
    ]);
    await chmod(join(folder, "lastgood"), 0o755);
    const include = (what: string) => `include ${folder}/lastgood/production_web.${what};`;
    await writeFile(
      site,
      `log_format own '${format}';
${include("conf")}
server {
  listen 127.0.0.1:${port};
  access_log ${log} own;
  ${include("server")}
  location / { ${include("location")} }
}`,
    );
    expect(await nginx.test()).toBe(null);
    await nginx.reload();
    const url = `http://127.0.0.1:${port}/.lastgood/production_web`;
    const known = async () => {
      const answer = await httpClient().request({ method: "GET", url, timeoutMs: 1_000 });
      return answer.ok && answer.value.status;
    };
    await expect.poll(known, { timeout: 10_000 }).toBe(200);
    await goodThenBad(opened, `http://127.0.0.1:${port}/`);
  });
});

const withHaproxy = await describeWith("haproxy");

withHaproxy("HAProxy of the user's own", () => {
  test("the bad release is found by probes, as HAProxy writes no log for us", {
    timeout: 4 * minutes,
  }, async () => {
    const folder = await bedFolder("own-haproxy", afterTest, 0o755);
    writeVersions(folder);
    const port = await freePort();
    const socket = join(folder, "admin.sock");
    const traffic = `{ kind: haproxy, url: "http://127.0.0.1:${port}", backend: web, socket: ${socket}, folder: ${folder}/haproxy }`;
    const opened = await openWith(folder, configOf(folder, traffic, "/health"), afterTest);
    const told = await send(opened, "v1");
    expect(told.outcome).toBe("failed");
    const config = join(folder, "haproxy.cfg");
    await writeFile(
      config,
      `global
  stats socket ${socket} mode 660 level admin
  server-state-file ${folder}/haproxy/servers.state
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend front
  bind 127.0.0.1:${port}
  default_backend web
backend web
  load-server-state-from-file global
  http-response set-header X-Lastgood-Release %[srv_name,map(${folder}/haproxy/production_web.map)]
  server-template lastgood 1-4 127.0.0.1:1 disabled
`,
    );
    const ready = async () => (await listens(port)) && existsSync(socket);
    await startDaemon({ argv: ["haproxy", "-W", "-f", config], folder, ready }, afterTest);
    await goodThenBad(opened, `http://127.0.0.1:${port}/`, "v3");
  });
});

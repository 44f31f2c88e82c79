import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "vitest";
import {
  inContainer,
  type NginxConfig,
  nginxTraffic,
  privateNetworks,
} from "../../../src/drivers/traffic/nginx/nginx.ts";
import { type TrafficBed, trafficContractWithoutHold } from "../../../src/testing/contracts/traffic.ts";
import { docker } from "../../parts/docker.ts";
import { describeWith } from "../../parts/needs.ts";
import { ask, op, until } from "../../proxy/bed.ts";
import { deps } from "./nginx-bed.ts";

const withDocker = await describeWith("docker");
const kinds = {
  "by a link, in a folder mounted read-only": { switchBy: "link", inPlace: false },
  "by a reload, in a folder mounted read-only": { switchBy: "reload", inPlace: false },
  "by a reload, with files that are mounted one by one": { switchBy: "reload", inPlace: true },
} as const;

for (const [kind, { switchBy, inPlace }] of Object.entries(kinds)) {
  withDocker(`a real nginx in a container, switched ${kind}, fulfils the contract`, () => {
    const cleanups: (() => Promise<unknown> | unknown)[] = [];
    let bed: Awaited<ReturnType<typeof start>>;

    beforeEach(async () => {
      bed = await start(switchBy, inPlace, (clean) => cleanups.push(clean));
    }, 120_000);
    afterEach(async () => {
      for (const clean of cleanups.splice(0).reverse()) await clean();
    }, 120_000);

    // Those that differ in a container; the others are the same on a host.
    const names = /marks|marker|new backend|lower epoch|503 for nobody|left and taken|in flight|hold/;
    for (const { name, run } of trafficContractWithoutHold.filter((one) => names.test(one.name))) {
      test(name, { timeout: 120_000 }, () => run(bed));
    }
  });
}

async function start(
  switchBy: "link" | "reload",
  inPlace: boolean,
  later: (clean: () => Promise<unknown> | unknown) => void,
): Promise<TrafficBed> {
  const engine = await docker(later);
  const dir = mkdtempSync(join(tmpdir(), "lg-nginx-in-"));
  later(() => rmSync(dir, { recursive: true, force: true }));
  chmodSync(dir, 0o755);
  const folder = join(dir, "lastgood");
  const inside = "/etc/nginx/lastgood";
  mkdirSync(folder);
  writeFileSync(join(dir, "nginx.conf"), mainText(inside));
  const name = `${engine.project}-nginx`;
  const config = (url: string): NginxConfig => ({
    name: "web",
    folder,
    folderInside: inside,
    url,
    hostHeader: null,
    switchBy,
    inPlace,
    initial: null,
    askFrom: privateNetworks.concat("198.18.0.0/15"),
    commands: inContainer(name),
  });
  const mine = { ...deps, host: engine.host };
  // Nobody answers there yet: it writes our files, and says so.
  await nginxTraffic(config("http://127.0.0.1:9"), mine).ensure();
  const mounts = inPlace
    ? ["web.conf", "web.server", "web.location"].map((file) => `${folder}/${file}:${inside}/${file}:ro`)
    : [];
  // With single files only the folder for candidates is mounted beside them.
  const volumes = inPlace ? [...mounts, `${folder}/web:${inside}/web:ro`] : [`${folder}:${inside}:ro`];
  await engine.docker([
    ...["run", "--detach", "--name", name, "--volume", `${dir}/nginx.conf:/etc/nginx/nginx.conf:ro`],
    ...volumes.flatMap((volume) => ["--volume", volume]),
    "nginx:1.22",
  ]);
  const inspect = (what: string) =>
    engine.docker(["inspect", "--format", `{{.NetworkSettings.${what}}}`, name]);
  const [address, gateway] = [(await inspect("IPAddress")).trim(), (await inspect("Gateway")).trim()];
  const inspectState = async () =>
    (await engine.docker(["inspect", "--format", "{{.State.Status}}", name])).trim();
  const url = `http://${address}:80`;
  const traffic = () => nginxTraffic(config(url), mine);
  await until(async () => {
    if ((await inspectState()) !== "running") throw new Error(await engine.docker(["logs", name]));
    return (await traffic().ensure()).ok;
  });
  return {
    traffic: traffic(),
    cannotHold: true,
    again: async () => traffic(),
    op,
    async backend(called) {
      const server = http.createServer((_request, response) => response.end(called));
      server.listen(0, gateway);
      await once(server, "listening");
      later(() => {
        server.closeAllConnections();
        server.close();
      });
      const { port } = server.address() as AddressInfo;
      return { release: called, instance: `${called}-instance`, url: `http://${gateway}:${port}` };
    },
    async ask(path) {
      const { status, headers } = await ask(`${url}${path}`);
      return { status, release: (headers["x-lastgood-release"] as string | undefined) ?? null };
    },
  };
}

function mainText(inside: string): string {
  return `user root;
worker_processes 2;
pid /run/nginx.pid;
error_log stderr;
events { worker_connections 256; }
http {
  access_log off;
  include ${inside}/*.conf;
  server {
    listen 80;
    include ${inside}/web.server;
    location / {
      include ${inside}/web.location;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`;
}

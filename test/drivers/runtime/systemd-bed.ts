// A systemd runtime on a real systemd: its own template unit for each bed, tiny programs as versions.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type SystemdServiceConfig, systemdRuntime } from "../../../src/drivers/runtime/systemd/systemd.ts";
import { systemClock } from "../../../src/os/clock.ts";
import { digestTree } from "../../../src/os/digest.ts";
import { localFiles } from "../../../src/os/files.ts";
import { httpClient } from "../../../src/os/http-client.ts";
import type { Runtime } from "../../../src/ports/runtime.ts";
import type { RuntimeBed } from "../../../src/testing/contracts/runtime.ts";
import type { SystemdBed } from "../../parts/systemd.ts";
import { op } from "./process-bed.ts";

const good = `import { createServer } from "node:http";
  createServer((_, response) => response.end(process.env.LASTGOOD_RELEASE)).listen(Number(process.env.PORT), () => console.log("ready"));`;
const crashes = 'console.log("about to fail"); process.exit(3);';

let beds = 0;

export type Bed = RuntimeBed & {
  readonly folder: string;
  readonly name: string;
  readonly ports: Readonly<Record<string, number>>;
  with(service: Partial<SystemdServiceConfig>): Runtime;
  version(name: string, program: string): Promise<void>;
};

/** `restart` is what the unit's owner wrote there. */
export async function systemdRuntimeBed(machine: SystemdBed, restart = "no"): Promise<Bed> {
  const name = `shop${++beds}`;
  const folder = join(machine.folder, name);
  const ports = { blue: 4_000 + 10 * beds, green: 4_001 + 10 * beds, grey: 4_002 + 10 * beds };
  const unit = [
    "[Service]",
    "ExecStart=/usr/local/bin/node main.mjs",
    `Restart=${restart}`,
    "RestartSec=100ms",
  ];
  await machine.unit(`${name}@.service`, unit.join("\n"));
  onTestFinished(async () => {
    await machine.ctl("stop", `${name}@*.service`);
  });
  const service: SystemdServiceConfig = {
    source: join(folder, "versions", "{version}"),
    unit: `${name}@.service`,
    ports,
    link: null,
    envFile: null,
    health: { path: "/", timeoutMs: 5_000, intervalMs: 50 },
    stopGraceMs: 1_000,
  };
  const make = (change: Partial<SystemdServiceConfig> = {}): Runtime =>
    systemdRuntime(
      {
        stateDir: join(folder, "state"),
        unitDir: machine.unitDir,
        address: machine.address,
        services: { web: { ...service, ...change } },
      },
      { host: machine.host, files: localFiles(), clock: systemClock(), digestTree },
    );
  const version = async (called: string, program: string) => {
    const target = join(folder, "versions", called);
    await mkdir(target, { recursive: true });
    await writeFile(join(target, "main.mjs"), program);
  };
  await version("v1", good);
  await version("v2", crashes);
  return {
    runtime: make(),
    again: async () => make(),
    op,
    versions: { good: "v1", crashes: "v2", missing: "v9" },
    service: "web",
    aliveCount: (release) => answering(machine.address, Object.values(ports), release),
    folder,
    name,
    ports,
    with: make,
    version,
  };
}

/** How many of the ports are answered by that release: asked over HTTP, not of systemd. A fresh one gets a moment. */
async function answering(address: string, ports: readonly number[], release: string): Promise<number> {
  const http = httpClient();
  const ask = async () => {
    const answers = await Promise.all(
      ports.map((port) =>
        http.request({ method: "GET", url: `http://${address}:${port}/`, timeoutMs: 2_000 }),
      ),
    );
    return answers.filter((answer) => answer.ok && answer.value.body === release).length;
  };
  let [count, same] = [await ask(), 0];
  // Until it is the same for half a second: an instance that was just started is about to listen.
  while (same < 5) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const next = await ask();
    same = next === count ? same + 1 : 0;
    count = next;
  }
  return count;
}

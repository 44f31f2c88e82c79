// A private haproxy on a loopback port, with its runtime socket.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isListening } from "../../src/os/ssh-client.ts";
import { afterTest, bedFolder, type Daemon, freePort, type Later, listens, startDaemon } from "./bed.ts";

export type HaproxyBed = Daemon & {
  readonly folder: string;
  readonly port: number;
  /** Runtime API, level admin. */
  readonly socket: string;
  readonly configFile: string;
};

/** `sections` gives frontends and backends; one must bind to 127.0.0.1 and the port. */
export async function haproxyBed(
  sections: (bed: { readonly port: number }) => string,
  later: Later = afterTest,
): Promise<HaproxyBed> {
  const folder = await bedFolder("haproxy", later);
  const port = await freePort();
  const socket = join(folder, "admin.sock");
  const configFile = join(folder, "haproxy.cfg");
  const head = [
    "global",
    `  stats socket ${socket} mode 600 level admin`,
    `  server-state-file ${folder}/server-state`,
    "defaults",
    "  mode http",
    "  timeout connect 2s",
    "  timeout client 30s",
    "  timeout server 30s",
  ];
  await writeFile(configFile, `${head.join("\n")}\n${sections({ port })}\n`);
  // The socket comes after the port.
  const ready = async () => (await listens(port)) && (await isListening(socket));
  const daemon = await startDaemon({ argv: ["haproxy", "-W", "-f", configFile], folder, ready }, later);
  return { ...daemon, folder, port, socket, configFile };
}

// This machine's parts, made once.
import { localChildren } from "../os/children.ts";
import { systemClock } from "../os/clock.ts";
import { localFiles } from "../os/files.ts";
import { httpClient } from "../os/http-client.ts";
import { randomIds } from "../os/ids.ts";
import { fileSwap, openedBy } from "../os/open-files.ts";
import { localProcesses } from "../os/processes.ts";

export type Machine = ReturnType<typeof thisMachine>;

const inherited = ["PATH", "HOME", "LANG", "TZ"];

export function thisMachine() {
  const clock = systemClock();
  const processes = localProcesses();
  const baseEnv: Record<string, string> = {};
  for (const name of inherited) {
    const value = process.env[name];
    if (value !== undefined) baseEnv[name] = value;
  }
  return {
    clock,
    processes,
    files: localFiles(),
    http: httpClient(),
    ids: randomIds(),
    children: localChildren(processes, clock),
    openedBy,
    swap: fileSwap(),
    node: process.execPath,
    baseEnv,
  };
}

// This machine's parts, made once.
import { localChildren } from "../os/children.ts";
import { systemClock } from "../os/clock.ts";
import { digestTree } from "../os/digest.ts";
import { localHost } from "../os/exec.ts";
import { localFiles } from "../os/files.ts";
import { httpClient } from "../os/http-client.ts";
import { randomIds } from "../os/ids.ts";
import { fileSwap, openedBy } from "../os/open-files.ts";
import { localProcesses } from "../os/processes.ts";
import { streamSocket } from "../os/stream-socket.ts";

export type Machine = ReturnType<typeof thisMachine>;

/** The docker client is told by these which engine is meant, where the config does not say. */
const inherited = ["PATH", "HOME", "LANG", "TZ", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG"];

export function thisMachine() {
  const clock = systemClock();
  const processes = localProcesses();
  const baseEnv: Record<string, string> = {};
  for (const name of inherited) {
    const value = process.env[name];
    if (value !== undefined) baseEnv[name] = value;
  }
  const here = { files: localFiles(), host: localHost(baseEnv, clock) };
  return {
    /** Of the controller's own machine, also where all else is another one's: our own files are here. */
    here,
    /** Runs commands. */
    host: here.host,
    digestTree,
    sockets: streamSocket(),
    clock,
    processes,
    files: here.files,
    http: httpClient(),
    ids: randomIds(),
    children: localChildren(processes, clock),
    openedBy,
    swap: fileSwap(),
    node: process.execPath,
    baseEnv,
  };
}

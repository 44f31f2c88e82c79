// Where an nginx runs and how it is spoken to: on a host, or in a container of that host.
import { join } from "node:path";
import type { Argv } from "../target/act.ts";

export type NginxConfig = {
  /** Unique on this nginx, `[a-z][a-z0-9_]*`: names the files, the upstream and the variables. */
  readonly name: string;
  /** Our folder, which nginx includes from, on its host; absolute. */
  readonly folder: string;
  /** The same folder as nginx sees it: another one where it is mounted into a container. */
  readonly folderInside: string;
  /** How requests reach the server block on this machine, such as `http://127.0.0.1:80`. */
  readonly url: string;
  /** Sent as `Host`, where the server block goes by name. */
  readonly hostHeader: string | null;
  /** `link`: nginx reads a link anew for each request, no reload. `reload`: an upstream block, for keep-alive to the app. */
  readonly switchBy: "link" | "reload";
  /** The include file is mounted alone (a single-file mount), so it is written in place, not replaced. */
  readonly inPlace: boolean;
  /** Where requests go until the first deploy, `host:port`; null: to nobody (503). */
  readonly initial: string | null;
  /** Who may ask for the generation, beside the machine itself: addresses or networks. */
  readonly askFrom: readonly string[];
  readonly commands: NginxCommands;
};

export type NginxCommands = {
  /** nginx itself, with `-p`/`-c` where it needs them; `-t` and `-s reload` are put after it. */
  readonly nginx: Argv;
  /** Prints lines of pid, parent's pid and arguments, as the host numbers them. */
  readonly processes: Argv;
  /** The pids are not those that nginx knows itself by. */
  readonly otherPids: boolean;
};

export function onHost(nginx: Argv = ["nginx"]): NginxCommands {
  return { nginx, processes: ["ps", "-eo", "pid=,ppid=,args="], otherPids: false };
}

export function inContainer(container: string, docker: Argv = ["docker"]): NginxCommands {
  return {
    nginx: [...docker, "exec", container, "nginx"],
    processes: [...docker, "top", container, "-eo", "pid,ppid,args"],
    otherPids: true,
  };
}

/** Container networks: what an nginx in a container sees of the machine that it runs on. */
export const privateNetworks: readonly string[] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

export type NginxPaths = {
  /** Included in `http {}`. */
  readonly conf: string;
  /** Included in `server {}`. */
  readonly server: string;
  /** Included in `location {}`. */
  readonly location: string;
  readonly own: string;
  readonly routes: string;
  readonly records: string;
  /** A link to a file below `routes`, whose path says where requests go. */
  readonly current: string;
};

export function nginxPaths(folder: string, name: string): NginxPaths {
  const own = join(folder, name);
  return {
    conf: join(folder, `${name}.conf`),
    server: join(folder, `${name}.server`),
    location: join(folder, `${name}.location`),
    own,
    routes: join(own, "routes"),
    records: join(own, "records"),
    current: join(own, "current"),
  };
}

// A private nginx on loopback ports, in a folder of its own.
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run, tryRun } from "../../scripts/parts/run.ts";
import { afterTest, bedFolder, type Daemon, freePort, type Later, listens, startDaemon } from "./bed.ts";

export type NginxBed = Daemon & {
  readonly folder: string;
  /** A port that the configuration listens on. */
  readonly port: number;
  readonly configFile: string;
  /** Included inside `http` where there is something: `conf.d/*.conf`. */
  readonly confFolder: string;
  /** The program with what it needs to find this instance: add `-t`, or `-s reload`. */
  readonly argv: readonly [string, ...string[]];
  readonly accessLog: string;
  readonly errorLog: string;
  readonly reload: () => Promise<void>;
  /** Null where the configuration is right, else what nginx says. */
  readonly test: () => Promise<string | null>;
};

/** `http` gives the text inside `http { … }`; it must listen on the port. The log is in `combined` unless it says otherwise. */
export async function nginxBed(
  http: (bed: { readonly port: number; readonly folder: string }) => string,
  later: Later = afterTest,
  /** Where the place must be known before it runs. */
  at: { readonly port?: number; readonly folder?: string } = {},
): Promise<NginxBed> {
  const folder = at.folder ?? (await bedFolder("nginx", later));
  const port = at.port ?? (await freePort());
  const configFile = join(folder, "nginx.conf");
  const confFolder = join(folder, "conf.d");
  for (const made of [join(folder, "temp"), confFolder]) await mkdir(made, { recursive: true });
  await writeFile(configFile, wholeConfig(folder, http({ port, folder })));
  const argv = ["nginx", "-p", folder, "-c", configFile] as const;
  const daemon = await startDaemon(
    {
      argv: [...argv, "-g", "daemon off;"],
      folder,
      // A configuration without the port is ready when it has said who it is.
      ready: async () =>
        (await listens(port)) || (at.port !== undefined && existsSync(join(folder, "nginx.pid"))),
    },
    later,
  );
  return {
    ...daemon,
    folder,
    port,
    configFile,
    confFolder,
    argv,
    accessLog: join(folder, "access.log"),
    errorLog: join(folder, "error.log"),
    reload: async () => {
      await run([...argv, "-s", "reload"]);
    },
    test: async () => {
      const ended = await tryRun([...argv, "-t"]);
      return ended?.exitCode === 0 ? null : (ended?.stderr ?? "nginx is not there");
    },
  };
}

function wholeConfig(folder: string, http: string): string {
  const temps = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `  ${kind}_temp_path ${folder}/temp/${kind};`,
  );
  return [
    // Workers of another user could not reach the folder.
    process.geteuid?.() === 0 ? "user root;" : "",
    "worker_processes 2;",
    `pid ${folder}/nginx.pid;`,
    `error_log ${folder}/error.log notice;`,
    "events { worker_connections 1024; }",
    "http {",
    ...temps,
    `  access_log ${folder}/access.log;`,
    http,
    `  include ${folder}/conf.d/*.conf;`,
    "}",
    "",
  ].join("\n");
}

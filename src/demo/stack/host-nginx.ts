// The host's nginx: an instance of its own in the stack's folder, with the team's server block in it.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Bed } from "./bed.ts";
import { folderIn } from "./files.ts";
import { untilAnswered } from "./until.ts";

export type Nginx = { readonly config: string; stop(): Promise<void> };

/** Listens when this resolves. `site`: the team's server block; `url`: where it is to answer. */
export async function startNginx(bed: Bed, site: string, url: string): Promise<Nginx> {
  const folder = await folderIn(bed.dir, "host", "nginx");
  const config = join(folder, "nginx.conf");
  const log = join(folder, "error.log");
  await writeFile(config, configText(folder, site, bed.isRoot));
  await bed.run(["nginx", "-t", "-p", folder, "-e", log, "-c", config]);
  const stop = await bed.start(["nginx", "-p", folder, "-e", log, "-c", config, "-g", "daemon off;"], log);
  await untilAnswered(url).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { config, stop };
}

/** As root its workers stay root: the folder is nobody else's to enter. */
function configText(folder: string, site: string, isRoot: boolean): string {
  const at = (name: string) => join(folder, name);
  return `${isRoot ? "user root;\n" : ""}worker_processes 2;
pid ${at("nginx.pid")};
error_log ${at("error.log")};
events { worker_connections 4096; }
http {
  client_body_temp_path ${at("body")};
  proxy_temp_path ${at("proxy")};
  fastcgi_temp_path ${at("fastcgi")};
  uwsgi_temp_path ${at("uwsgi")};
  scgi_temp_path ${at("scgi")};
  include ${site};
}
`;
}

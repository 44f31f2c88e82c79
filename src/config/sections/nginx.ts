// `kind: nginx`: an nginx that is there already, on a host or in a container.
import { z } from "zod";
import { limits } from "../../core/limits.ts";
import { durationText } from "../duration.ts";
import { argument, complain, duration, listen, path, url } from "../values.ts";

const accessLog = z.strictObject({
  path: path("/var/log/nginx/access.log").meta({
    description: "The file that nginx writes to now, as this machine sees it. Rotation is followed.",
  }),
  format: argument()
    .prefault("combined")
    .meta({
      description:
        "combined, or the text of your own log_format as it stands in nginx's configuration. With $upstream_addr or our $lastgood_…_release in it each line says which release it is about; without, the time of the switch decides, and requests across a switch are left out.",
      examples: ["combined"],
    }),
  escape: z.enum(["default", "json", "none"]).prefault("default").meta({
    description: "The escape= of your log_format.",
  }),
  client: argument()
    .optional()
    .meta({
      description:
        "The variable in your log_format that tells one client from another. Without it: address and browser. Kept as a hash only.",
      examples: ["$cookie_sid"],
    }),
});

export const nginxTraffic = z
  .strictObject({
    kind: z.literal("nginx").meta({
      description: "`nginx`: an nginx that is there already, on this machine or in a container.",
    }),
    url: url("http://127.0.0.1:80").meta({
      description: "How this machine reaches the server block that users' requests arrive at.",
    }),
    host: argument()
      .optional()
      .meta({
        description: "The Host header that leads to it, where nginx has several servers on that address.",
        examples: ["www.example.org"],
      }),
    include: path("/etc/nginx/lastgood").meta({
      description: "A folder for Lastgood's few files, which your configuration includes from.",
    }),
    container: argument()
      .optional()
      .meta({
        description: "The container that nginx runs in. The include folder must be mounted into it.",
        examples: ["app-nginx-1"],
      }),
    includeInside: path("/etc/nginx/lastgood").optional().meta({
      description: "Where the include folder is mounted in the container. Without it: at the same path.",
    }),
    command: z
      .array(argument())
      .min(1)
      .optional()
      .meta({
        description:
          "How nginx is called on this machine; -t and -s reload are added. Only where plain nginx is not enough.",
        examples: [["nginx", "-c", "/srv/nginx/nginx.conf"]],
      }),
    switch: z.enum(["link", "reload"]).prefault("link").meta({
      description:
        "link: nginx follows a link for each request; no reload, no connection is reset. reload: an upstream block of ours and nginx -s reload, for host names and kept-alive connections to the app; idle connections of users may be reset.",
    }),
    mount: z.enum(["folder", "file"]).prefault("folder").meta({
      description:
        "file: our files are mounted one by one, so they are written in place. Only with switch: reload.",
    }),
    first: listen()
      .optional()
      .meta({
        description: "Where requests go until the first deploy. Without it they are answered 503 until then.",
        examples: ["127.0.0.1:3000"],
      }),
    askFrom: z
      .array(argument())
      .prefault([])
      .meta({
        description:
          "Addresses or networks that may ask nginx which change it follows, beside this machine (and container networks, where nginx is in a container).",
        examples: [["192.0.2.7"]],
      }),
    drain: duration().prefault(durationText(limits.drainDefaultMs)).meta({
      description: "How long requests in flight at the old release may take to finish after a switch.",
    }),
    accessLog: accessLog.optional().meta({
      description: "Where nginx writes its access log: without it a watch has only its own probes.",
    }),
  })
  .superRefine(({ mount, switch: by, container, includeInside, command, askFrom }, context) => {
    if (mount === "file" && by === "link") {
      const what = "a link cannot be moved in a file that is mounted alone";
      complain(context, ["mount"], { what, fix: "mount the folder, or write switch: reload" });
    }
    if (includeInside !== undefined && container === undefined) {
      complain(context, ["includeInside"], {
        what: "there is no container",
        fix: "remove it, or name the container",
      });
    }
    if (command !== undefined && container !== undefined) {
      complain(context, ["command"], {
        what: "nginx in a container is called through docker",
        fix: "remove it",
      });
    }
    for (const [i, one] of askFrom.entries()) {
      if (network.test(one)) continue;
      complain(context, ["askFrom", i], {
        what: `\`${one}\` is no address`,
        fix: "write it as 192.0.2.7 or 192.0.2.0/24",
      });
    }
  });

const network = /^[0-9a-fA-F.:]+(?:\/\d{1,3})?$/;

/** Files, upstream and variables in nginx carry this; two services of one nginx must differ in it. */
export function nginxName(env: string, service: string): string {
  return `${env}_${service}`.toLowerCase().replaceAll(/[^a-z0-9_]/g, "_");
}

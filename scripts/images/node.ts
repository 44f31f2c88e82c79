// The node images: bare, without any shell, and one with busybox beside it.
import type { Recipe } from "./recipe.ts";

const busybox = "/bin/busybox";
const applets =
  "sh ash awk basename cat chmod chown cmp cp cut date dd df diff dirname du echo env expr false find free getopt grep " +
  "gunzip gzip head hostname id ip kill less ln ls md5sum mkdir mktemp mount more mv nc netstat nice nslookup od pidof " +
  "ping printf ps pwd readlink realpath rm rmdir sed seq sha256sum sleep sort stat stty su sync tac tail tar tee test " +
  "time timeout top touch tr true truncate tty umount uname uniq uptime usleep vi watch wc wget which whoami xargs yes zcat";

const asNode = [
  "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  'CMD ["node"]',
] as const;

/** This very node and its libraries; health checks must be in exec form. */
export const node: Recipe = {
  tags: ["lastgood-test/node:24"],
  programs: [{ path: process.execPath, as: "/usr/local/bin/node" }],
  settings: asNode,
};

/** With what Dockerfiles and health checks in shell form want: sh, wget, nc … */
export const base: Recipe = {
  tags: ["lastgood-test/base:1", "node:24-alpine", "node:24-slim"],
  programs: [...node.programs, { path: busybox }],
  links: appletLinks(),
  settings: asNode,
};

/** busybox and its names, for images that need a shell of their own. */
export const shellPrograms = [{ path: busybox }] as const;

export function appletLinks(): Readonly<Record<string, string>> {
  return Object.fromEntries(applets.split(" ").map((name) => [`/usr/bin/${name}`, "/bin/busybox"]));
}

// A small root whose init is systemd, from this machine's own Debian package; for tests of units.
import { stat } from "node:fs/promises";
import type { Recipe } from "./recipe.ts";

const init = "/usr/lib/systemd/systemd";
const tools = [
  "systemctl",
  "journalctl",
  "mkdir",
  "install",
  "mv",
  "ln",
  "chmod",
  "rm",
  "cat",
  "sleep",
  "dash",
];

const units = "/usr/lib/systemd/system";
const wants = (target: string) => `/etc/systemd/system/${target}.target.wants`;

/** Units of a machine that a container is not. */
const unwanted =
  /\/(systemd-(udevd|timesyncd|networkd|resolved|logind|hwdb|pstore|homed|boot|hibernate|suspend)|getty|serial-getty|e2scrub|apt-|dpkg-|modprobe|quotaon|rc-local|user@|user-runtime-dir)[^/]*$|\/boot\/|\.wants\/|\/catalog\/|\/user\/|\/network\//;

/** Null where this machine has no systemd to copy. */
export async function systemd(): Promise<Recipe | null> {
  const isThere = await stat(init).then(
    () => true,
    () => false,
  );
  if (!isThere) return null;
  return {
    tags: ["lastgood-test/systemd:1"],
    programs: [
      { path: process.execPath, as: "/usr/local/bin/node" },
      { path: init, as: "/usr/sbin/init" },
      ...tools.map((name) => ({ path: `/usr/bin/${name}` })),
    ],
    copies: ["/usr/lib/systemd"],
    without: unwanted,
    // systemd takes no notice of a unit in a .wants folder that is not a link, and copying follows links.
    links: {
      "/usr/bin/sh": "dash",
      "/var/run": "/run",
      [`${wants("sysinit")}/systemd-journald.service`]: `${units}/systemd-journald.service`,
      [`${wants("sockets")}/systemd-journald.socket`]: `${units}/systemd-journald.socket`,
    },
    texts: { "/etc/machine-id": { text: "" } },
    folders: [{ path: "/etc/systemd/system" }, { path: "/var/log/journal", mode: 0o755 }, { path: "/run" }],
    settings: ["ENV container=docker", 'CMD ["/usr/sbin/init"]'],
    stopSignal: "SIGRTMIN+3",
  };
}

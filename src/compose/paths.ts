// Where the state of one app lies. One folder an environment, so that environments cannot touch each other.
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { sha256 } from "../core/digest.ts";

/** Unix socket paths end at 107 bytes on Linux. */
const socketPathBytes = 100;

export type StatePaths = {
  readonly root: string;
  readonly journal: string;
  readonly holder: string;
  readonly socket: string;
  env(name: string): {
    readonly runtime: string;
    readonly edge: string;
    readonly backups: string;
    /** Ways down from migrations. */
    readonly migrations: string;
    readonly socketDir: string;
  };
};

/** Beside the state folder, not in it: it must be there when that is gone. */
export function breakGlassFolder(root: string): string {
  return join(dirname(root), "break-glass");
}

export function statePaths(root: string): StatePaths {
  const short = join(tmpdir(), `lastgood-${sha256(root).slice(0, 16)}`);
  const plain = join(root, "control.sock");
  return {
    root,
    journal: join(root, "journal.db"),
    holder: join(root, "controller.json"),
    socket: plain.length <= socketPathBytes ? plain : join(short, "control.sock"),
    env: (name) => ({
      runtime: join(root, name, "runtime"),
      edge: join(root, name, "edge"),
      backups: join(root, name, "backups"),
      migrations: join(root, name, "migrations"),
      socketDir: short,
    }),
  };
}

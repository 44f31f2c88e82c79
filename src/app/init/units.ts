// systemd units: what starts the app where it does not run in a container.
import type { Source } from "./mentions.ts";

export type Unit = {
  readonly file: string;
  readonly name: string;
  readonly command: string;
  readonly folder: string | null;
};

/** Of `.service` files; those that start nothing are left out. */
export function readUnits(files: readonly Source[]): readonly Unit[] {
  return files.flatMap(({ file, text }) => {
    const value = (key: string) => new RegExp(`^${key}=(.+)$`, "m").exec(text)?.[1]?.trim() ?? null;
    const command = value("ExecStart");
    const name = file.split("/").at(-1) ?? file;
    return command === null ? [] : [{ file, name, command, folder: value("WorkingDirectory") }];
  });
}

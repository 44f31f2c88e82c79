// kill -9 in the middle of a copy: nothing half-done counts, and the next run goes on.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { afterTest } from "../../../parts/bed.ts";
import { placeOn } from "../second-place-bed.ts";
import { folderFor, largeBytes, makeBackup, value } from "./backups.ts";
import { storeBed } from "./shelves.ts";
import type { Asked } from "./store.ts";

const program = fileURLToPath(new URL("./keep-child.ts", import.meta.url));

/** Where it dies; what of it is there by then; requests of the next run that carry a part. */
const points: readonly (readonly [string, (asked: Asked) => boolean, number])[] = [
  ["before the second part is taken", ({ query }) => query.get("partNumber") === "2", 2],
  ["before the parts are put together", ({ method, query }) => method === "POST" && query.has("uploadId"), 0],
  ["before the record", ({ method, key }) => method === "PUT" && key.endsWith("backup.json"), 0],
];

for (const [name, isPoint, sentAgain] of points)
  test(`killed ${name}`, { timeout: 60_000 }, async () => {
    const { store, shelf } = await storeBed(afterTest);
    const made = await makeBackup("one", 1, largeBytes);
    const argv = [program, store.url, JSON.stringify({ backup: made.backup, files: made.files })];
    const child = spawn(process.execPath, argv, { stdio: ["ignore", "inherit", "inherit"] });
    const ended = once(child, "exit");
    store.lie = (asked) => {
      if (!isPoint(asked)) return null;
      child.kill("SIGKILL");
      return { do: "refuse", status: 403, code: "AccessDenied" };
    };
    expect(await ended).toEqual([null, "SIGKILL"]);
    store.lie = () => null;
    const folder = await folderFor("empty");
    const place = placeOn(shelf, folder);
    expect(value(await place.list())).toEqual([]);
    store.asked.length = 0;
    value(await place.keep(made.backup, made.files, false));
    expect(store.asked.filter((one) => one.includes("partNumber="))).toHaveLength(sentAgain);
    value(await place.fetch("one"));
    for (const [file, bytes] of made.content)
      expect(readFileSync(join(folder, file)).equals(bytes)).toBe(true);
    expect([...store.objects.keys()].filter((key) => key.includes("unfinished"))).toEqual([]);
  });

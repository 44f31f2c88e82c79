// From the config's `backups: second:` to the second place: keys and host keys are read when it is used.
import type { Environment } from "../config/schema.ts";
import type { Retention } from "../core/backups/retention.ts";
import { ok, problem, type Result } from "../core/result.ts";
import { type Secret, secret } from "../core/secret.ts";
import { sumOf } from "../drivers/database/second-place/copy-pieces.ts";
import { folderShelf } from "../drivers/database/second-place/folder-shelf.ts";
import { laterShelf } from "../drivers/database/second-place/later-shelf.ts";
import { aboutOf, type S3Config } from "../drivers/database/second-place/s3/config.ts";
import { s3Shelf } from "../drivers/database/second-place/s3/shelf.ts";
import { secondPlace } from "../drivers/database/second-place/second-place.ts";
import type { Shelf } from "../drivers/database/second-place/shelf.ts";
import { byteHttp } from "../os/byte-http.ts";
import { hostPieces, hostSum } from "../os/host-pieces.ts";
import { localPieces } from "../os/piece-files.ts";
import type { Files } from "../ports/files.ts";
import type { Tell } from "../ports/progress.ts";
import type { SecondPlace } from "../ports/second-place.ts";
import type { Machine } from "./machine.ts";
import { remoteMachine } from "./remote-machine.ts";
import { notEmpty, secretIn } from "./secrets.ts";

type Section = NonNullable<NonNullable<Environment["backups"]>["second"]>;
type Store = Extract<Section, { kind: "s3" }>;

export type SecondWires = {
  readonly keep: Retention;
  readonly backupDir: string;
  readonly machine: Machine;
  /** The state folder: the book of other machines lies in it. */
  readonly state: string;
  readonly tell: Tell;
};

export function secondPlaceOf(section: Section, wires: SecondWires): SecondPlace {
  const { machine, keep, backupDir, tell } = wires;
  const { files, host, here } = machine;
  const shelf = shelfOf(section, wires);
  // Backups may lie on another machine, where the database is.
  const pieces = host === here.host ? localPieces() : hostPieces(host);
  return secondPlace({ keep, backupDir }, { shelf, files, pieces, tell });
}

function shelfOf(section: Section, { machine, state }: SecondWires): Shelf {
  switch (section.kind) {
    case "folder": {
      const { files, host, here } = machine;
      if (host === here.host) return folderShelf(section.path, { ...hereSide(files), files, where: "" });
      const side = { pieces: hostPieces(host), sum: hostSum(host) };
      return folderShelf(section.path, { ...side, files, where: ` on ${host.name}` });
    }
    case "host": {
      const where = ` on ${section.host}`;
      return laterShelf(`${section.folder}${where}`, async () => {
        const far = await remoteMachine({ ...machine, ...machine.here }, state, section.host);
        if (!far.ok) return far;
        const { files, host } = far.value;
        const side = { pieces: hostPieces(host), sum: hostSum(host) };
        return ok(folderShelf(section.folder, { ...side, files, where }));
      });
    }
    case "s3":
      return storeOf(section, machine);
  }
}

function hereSide(files: Files) {
  return { pieces: localPieces(), sum: (path: string) => sumOf(files, path) };
}

/** Kept connections and what was learned of the store are for as long as its keys are the same. */
function storeOf(section: Store, { here, clock }: Machine): Shelf {
  const http = byteHttp();
  const plain = { ...section, prefix: section.prefix ?? "" };
  let known: { readonly said: string; readonly shelf: Shelf } | null = null;
  return laterShelf(aboutOf(plain), async () => {
    const { keyIdFile, keyIdVariable, secretFile, secretVariable, caFile } = section;
    const keyId = await oneOf(keyIdFile, keyIdVariable, here.files);
    if (!keyId.ok) return keyId;
    const key = await oneOf(secretFile, secretVariable, here.files);
    if (!key.ok) return key;
    const ca = caFile === undefined ? ok(null) : await here.files.read(caFile);
    if (!ca.ok) return ca;
    const { endpoint, region, bucket, prefix, style, encryption } = plain;
    const config: S3Config = {
      ...{ endpoint, region, bucket, prefix, style, secret: key.value },
      keyId: keyId.value.reveal(),
      encryption: encryption ? { method: encryption.method, key: encryption.kmsKey ?? null } : null,
      storageClass: section.storageClass ?? null,
      ca: ca.value === null ? null : ca.value.toString("utf8"),
    };
    const said = [config.keyId, key.value.reveal(), config.ca].join(" ");
    if (known?.said !== said) known = { said, shelf: s3Shelf(config, { http, clock }) };
    return ok(known.shelf);
  });
}

/** Of the controller's own machine, whichever one the environment is on. */
async function oneOf(
  file: string | undefined,
  variable: string | undefined,
  files: Files,
): Promise<Result<Secret>> {
  if (file !== undefined) {
    const read = await secretIn(file, files);
    return read.ok ? notEmpty(read.value ?? secret(""), file) : read;
  }
  const name = variable ?? "";
  const value = process.env[name];
  if (value !== undefined) return notEmpty(secret(value), name);
  return problem("config", `the controller has no variable ${name}`, "set it where serve is started", name);
}

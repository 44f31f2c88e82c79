// Every kind of second place, ready to use: a folder, a machine behind a real sshd, and object stores.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { secret } from "../../../../src/core/secret.ts";
import { folderShelf } from "../../../../src/drivers/database/second-place/folder-shelf.ts";
import type { Shelf } from "../../../../src/drivers/database/second-place/shelf.ts";
import { hostFiles } from "../../../../src/os/host-files.ts";
import { hostPieces, hostSum } from "../../../../src/os/host-pieces.ts";
import { sshBed } from "../../../os/ssh/bed.ts";
import { bedFolder, freePort, type Later, listens, startDaemon } from "../../../parts/bed.ts";
import { localShelf } from "../second-place-bed.ts";
import { configFor, shelfIn } from "./config.ts";
import { type Store, type StoreWish, startStore } from "./store.ts";

export type ShelfBed = {
  readonly shelf: Shelf;
  /** The same kind, leading to what is not there. */
  readonly absent: Shelf;
};

export async function folderBed(later: Later): Promise<ShelfBed> {
  const folder = await bedFolder("second", later);
  await mkdir(join(folder, "place"));
  return { shelf: localShelf(join(folder, "place")), absent: localShelf(join(folder, "nowhere")) };
}

export async function hostBed(later: Later): Promise<ShelfBed> {
  const { host } = await sshBed(later);
  const folder = await bedFolder("far", later);
  await mkdir(join(folder, "place of ours"));
  const parts = { files: hostFiles(host), pieces: hostPieces(host), sum: hostSum(host), where: " on web-1" };
  return {
    shelf: folderShelf(join(folder, "place of ours"), parts),
    absent: folderShelf(join(folder, "nowhere"), parts),
  };
}

export async function storeBed(
  later: Later,
  wish: StoreWish = {},
): Promise<ShelfBed & { readonly store: Store }> {
  const store = await startStore({ pageKeys: 3, ...wish }, later);
  const config = configFor(store.url);
  return { store, shelf: shelfIn(config), absent: shelfIn({ ...config, bucket: "nowhere" }) };
}

/** An S3 server that others wrote, as a process of its own. */
export async function s3rverBed(later: Later): Promise<ShelfBed> {
  const folder = await bedFolder("s3rver", later);
  const port = await freePort();
  const program = fileURLToPath(new URL("./s3rver.ts", import.meta.url));
  // Its tokens for further pages are made with a cipher that OpenSSL calls legacy.
  const node = [process.execPath, "--openssl-legacy-provider"] as const;
  const argv = [...node, program, join(folder, "data"), String(port), "shop"] as const;
  await startDaemon({ argv, folder, ready: () => listens(port) }, later);
  const key = { keyId: "S3RVER", secret: secret("S3RVER") };
  const config = configFor(`http://127.0.0.1:${port}`, key);
  return { shelf: shelfIn(config), absent: shelfIn({ ...config, bucket: "nowhere" }) };
}

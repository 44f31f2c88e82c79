// All kinds of second place do the same.
import { afterAll, beforeAll, describe, test } from "vitest";
import { type Later, laterOn } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { placeContract } from "./contract.ts";
import { folderBed, hostBed, type ShelfBed, s3rverBed, storeBed } from "./shelves.ts";

const limitMs = 240_000;

function keepsIt(make: (later: Later) => Promise<ShelfBed>, cases = placeContract): void {
  const { later, end } = laterOn();
  let bed: ShelfBed;
  beforeAll(async () => {
    bed = await make(later);
  }, limitMs);
  afterAll(end, limitMs);
  for (const { name, run } of cases) test(name, () => run(bed), limitMs);
}

describe("a folder of this machine", () => keepsIt(folderBed));

const withSshd = await describeWith("sshd");
// Each file is many commands over there: `npm run long` tries the rest.
const isLong = process.env["LASTGOOD_LONG"] === "1";
const few = placeContract.filter(({ name }) => /kept, listed|in pieces|without its record/.test(name));
withSshd("a folder of another machine", () => keepsIt(hostBed, isLong ? placeContract : few));

describe("an S3 server that others wrote", () => keepsIt(s3rverBed));
describe("a strict object store with checksums", () => keepsIt((later) => storeBed(later)));
describe("one without checksums, which cannot list unfinished uploads", () =>
  keepsIt((later) => storeBed(later, { checksums: false, listsUploads: false })));
describe("one that refuses headers with checksums", () =>
  keepsIt((later) => storeBed(later, { checksums: "refuse" })));

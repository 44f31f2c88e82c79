// Where the other side cannot say what it has: every byte is read back.
import { createHash } from "node:crypto";
import { ok, problem, type Result } from "../../../core/result.ts";
import { pieceBytes, type Shelf, type Source } from "./shelf.ts";

/** What it has under this name is exactly `source`; else `damaged`. */
export async function proveByReading(
  shelf: Shelf,
  name: string,
  { bytes, sha256 }: Pick<Source, "bytes" | "sha256">,
): Promise<Result<void>> {
  const hash = createHash("sha256");
  let at = 0;
  // One byte more than there should be, so that a longer one is found.
  for (let ended = false; !ended; ) {
    const wanted = Math.min(pieceBytes, bytes + 1 - at);
    const piece = await shelf.read(name, at, wanted);
    if (!piece.ok) return piece;
    hash.update(piece.value);
    at += piece.value.length;
    ended = piece.value.length < wanted || at > bytes;
  }
  if (at === bytes && hash.digest("hex") === sha256) return ok(undefined);
  const what = `${name} at ${shelf.about} was read back with other bytes`;
  return problem(
    "damaged",
    what,
    "look at that place, and at the network to it; the next backup tries again",
    name,
  );
}

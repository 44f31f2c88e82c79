// Secrets and configs of a release that no other release needs go with it.
import type { Release } from "../../../core/release.ts";
import { ok, type Result } from "../../../core/result.ts";
import type { Files } from "../../../ports/files.ts";
import type { SwarmLayout } from "./config.ts";
import type { SwarmDocument } from "./document.ts";
import type { Engine } from "./engine.ts";
import { readDocument } from "./store.ts";

type Kind = "secrets" | "configs";

/** What a service still uses the engine keeps, whatever we say; that is no error. */
export async function removeUnused(
  engine: Engine,
  files: Files,
  where: SwarmLayout,
  release: Release,
  stored: readonly Release[],
): Promise<Result<void>> {
  const own = await readDocument(files, where, release);
  if (!own.ok) return ok(undefined); // it says nothing of what it needed: left alone
  const others: SwarmDocument[] = [];
  for (const other of stored.filter(({ id }) => id !== release.id)) {
    const read = await readDocument(files, where, other);
    if (!read.ok) return ok(undefined); // it might need them
    others.push(read.value);
  }
  for (const kind of ["secrets", "configs"] satisfies Kind[]) {
    const needed = new Set(others.flatMap((one) => one[kind].map(({ Name }) => Name)));
    for (const { Name } of own.value[kind]) {
      if (needed.has(Name)) continue;
      const said = await engine.remove(`/${kind}/${Name}`);
      if (!said.ok) return said;
    }
  }
  return ok(undefined);
}

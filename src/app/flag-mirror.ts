// What somebody wrote into an `.env` file by hand becomes a switch, like any other.
import { meantBy } from "../core/flags/variables.ts";
import type { FlagBook, FlagMirror } from "../ports/flags.ts";

export async function takeForeign(
  book: FlagBook,
  mirror: FlagMirror,
  ours: ReadonlyMap<string, string>,
): Promise<void> {
  const foreign = await mirror.foreign(ours);
  if (!foreign.ok) return;
  const { overrides } = book.state();
  for (const [variable, text] of foreign.value.variables) {
    const meant = meantBy(book.flags(), variable, text);
    if (meant === null) continue;
    // Switched after the file was last written: then the file is late, and not the switch wrong.
    if ((overrides[meant.flag]?.seq ?? 0) > foreign.value.since) continue;
    if (overrides[meant.flag]?.variant === meant.variant) continue;
    const why = `${variable}=${text} was written into ${mirror.name}`;
    book.change({ ...meant, by: "the .env file", why, incident: null, until: null, op: null });
  }
}

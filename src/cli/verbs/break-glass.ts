// lastgood break-glass: write the script for the worst day anew, and show it.
import { exitCodes } from "../../core/view/outcome.ts";
import { connected, type Shared, type Shown } from "../run.ts";

const quiet = { durations: () => undefined, event: () => undefined };

/** `print`: the script itself on standard output; `words`: the same steps for a person, to be printed on paper. */
export async function breakGlassCommand(
  it: Shared,
  { print, words }: { readonly print: boolean; readonly words: boolean },
): Promise<Shown> {
  const outcome = await connected(it, "break-glass", (connection) =>
    connection.call("break-glass", { env: it.env }, quiet),
  );
  if (it.json || exitCodes[outcome.outcome] !== 0 || !(print || words)) return outcome;
  it.io.out(`${String(outcome.data[words ? "words" : "text"]).trimEnd()}\n`);
  return { exit: 0 };
}

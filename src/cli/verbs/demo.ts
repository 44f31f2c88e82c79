// lastgood demo
import type { Shared, Shown } from "../run.ts";

/** `stack` null: embedded, on Node alone. */
export async function demoCommand(it: Shared, stack: "hummii" | "hibachi" | null): Promise<Shown> {
  const say = (line: string) => it.io.err(`${line}\n`);
  const { exit, document } = await it.edges.demo({ json: it.json, stack, say });
  if (it.json) it.io.out(`${JSON.stringify(document, null, 2)}\n`);
  return { exit };
}

// lastgood demo
import type { Shared, Shown } from "../run.ts";

export async function demoCommand(it: Shared): Promise<Shown> {
  const { exit, document } = await it.edges.demo({ json: it.json, say: (line) => it.io.err(`${line}\n`) });
  if (it.json) it.io.out(`${JSON.stringify(document, null, 2)}\n`);
  return { exit };
}

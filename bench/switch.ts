// How quick a rollback is under load: from the decision to the last new request that the bad release gets.
import { toAndFro } from "../test/e2e/to-and-fro.ts";
import { type BenchDocument, machine } from "./document.ts";
import { switchRows } from "./switch-rows.ts";

export const name = "switch";
export const about =
  "Deploys and rollbacks under load: from the decision to the last new request, and what was lost.";
export const takes = "about 2 min";
export const options = { rounds: 20, perSecond: 300, clients: 30, seed: 11 };

export async function run(asked: typeof options): Promise<BenchDocument> {
  const measured = await toAndFro(asked);
  return { bench: name, machine: machine(), options: asked, results: switchRows(measured, "<= 50") };
}

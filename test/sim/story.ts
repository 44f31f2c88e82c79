// What a failing exploration prints: the smallest scenario that still breaks a law, ready for seeds.ts.
import { type Explored, shrink } from "../../src/testing/sim/explore.ts";
import { play } from "../../src/testing/sim/scenario.ts";

export async function storyOf(explored: Explored): Promise<string> {
  const [first] = explored.findings;
  if (!first) return "";
  const smallest = await shrink(first.scenario);
  const { violations, trace, outcome } = await play(smallest);
  return [
    `${explored.findings.length} of ${explored.scenarios} scenarios break a law; the first, shrunk:`,
    JSON.stringify(smallest),
    ...violations,
    `${trace.join(" | ")} => ${outcome}`,
  ].join("\n");
}

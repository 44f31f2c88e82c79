// The long mode of the simulated world: every pair of crash points of every plan, every fault with every crash, and
// as many random scenarios as asked for. `npm run sim -- [seeds] [first seed]`; exits 1 with the shrunk scenario.
import process from "node:process";
import {
  cancelsEverywhere,
  doubleCrashes,
  type Explored,
  explore,
  faultsEverywhere,
  randomScenario,
  scenes,
  singleCrashes,
  zombiesEverywhere,
} from "../src/testing/sim/explore.ts";
import { storyOf } from "../test/sim/story.ts";

const seeds = Number(process.argv[2] ?? 100_000);
const first = Number(process.argv[3] ?? 1);

type Part = Parameters<typeof explore>[0];

const parts: Readonly<Record<string, Part>> = {
  "single crashes": async (trial) => {
    for (const scene of scenes)
      for (const reboots of [false, true]) await singleCrashes(scene, trial, reboots);
  },
  zombies: async (trial) => {
    for (const scene of scenes) await zombiesEverywhere(scene, trial);
  },
  "cancels with crashes": async (trial) => {
    for (const scene of scenes) await cancelsEverywhere(scene, trial, 1);
  },
  "double crashes": async (trial) => {
    for (const scene of scenes) await doubleCrashes(scene, trial);
  },
  "faults with crashes": async (trial) => {
    for (const scene of scenes) await faultsEverywhere(scene, trial, 1);
  },
  [`${seeds} random scenarios from seed ${first}`]: async (trial) => {
    for (let seed = first; seed < first + seeds; seed++) await trial(randomScenario(seed));
  },
};

for (const [name, part] of Object.entries(parts)) {
  const from = performance.now();
  const explored: Explored = await explore(part);
  const seconds = ((performance.now() - from) / 1_000).toFixed(1);
  const broken = explored.findings.length;
  process.stdout.write(
    `${name}: ${explored.scenarios} scenarios in ${seconds} s, ${broken} broke a law ${JSON.stringify(explored.outcomes)}\n`,
  );
  if (broken === 0) continue;
  process.stdout.write(`${await storyOf(explored)}\n`);
  process.exitCode = 1;
}

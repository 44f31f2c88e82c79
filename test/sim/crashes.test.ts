// The executor in the simulated world: every single and double crash of every plan, every fault, random mixes.
import { expect, test } from "vitest";
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
} from "../../src/testing/sim/explore.ts";
import { calm, play } from "../../src/testing/sim/scenario.ts";
import { kept } from "./seeds.ts";
import { storyOf } from "./story.ts";

const limitMs = 240_000;

async function expectLawful(explored: Explored, atLeast: number): Promise<void> {
  expect(await storyOf(explored)).toBe("");
  console.log(`${explored.scenarios} scenarios, none breaks a law: ${JSON.stringify(explored.outcomes)}`);
  expect(explored.scenarios).toBeGreaterThanOrEqual(atLeast);
}

test("without perils every plan reaches the end that its target allows", async () => {
  for (const scene of scenes) {
    const { outcome, violations } = await play({ scene, perils: calm });
    const fails =
      scene.temper !== "good" &&
      scene.kind !== "retire" &&
      scene.kind !== "flag-off" &&
      scene.kind !== "revive";
    expect({ scene, outcome, violations }).toEqual({
      scene,
      // Going back to what was left would be worse: a person is asked.
      outcome: fails ? (scene.inPlace && scene.kind === "rollback" ? "paused" : "undone") : "done",
      violations: [],
    });
  }
});

test(
  "a crash at any one point leaves all-new, all-old, or paused while serving",
  async () => {
    const explored = await explore(async (trial) => {
      for (const scene of scenes) await singleCrashes(scene, trial);
    });
    await expectLawful(explored, 1_000);
  },
  limitMs,
);

test(
  "a reboot at any one point loses nothing, and what served is revived",
  async () => {
    const explored = await explore(async (trial) => {
      for (const scene of scenes) await singleCrashes(scene, trial, true);
    });
    await expectLawful(explored, 1_000);
  },
  limitMs,
);

test(
  "two crashes, every pair of points: the shortest plans whole, the others thinned",
  async () => {
    const explored = await explore(async (trial) => {
      for (const scene of scenes) await doubleCrashes(scene, trial, scene.kind === "retire" ? 1 : 9);
    });
    await expectLawful(explored, 1_000);
  },
  limitMs,
);

test(
  "lies, delays, hangs, foreign hands and full disks at any effect, also with a crash",
  async () => {
    const explored = await explore(async (trial) => {
      for (const scene of scenes) await faultsEverywhere(scene, trial, 31);
    });
    await expectLawful(explored, 1_500);
  },
  limitMs,
);

test(
  "a cancel during any effect, also with a crash: taken back, or finished where going back would lose more",
  async () => {
    const explored = await explore(async (trial) => {
      for (const scene of scenes) await cancelsEverywhere(scene, trial, 17);
    });
    await expectLawful(explored, 500);
  },
  limitMs,
);

test(
  "a frozen controller that goes on after another has taken over changes nothing",
  async () => {
    const explored = await explore(async (trial) => {
      for (const scene of scenes) await zombiesEverywhere(scene, trial);
    });
    await expectLawful(explored, 80);
  },
  limitMs,
);

test(
  "random mixes of crashes, faults and reboots",
  async () => {
    const first = Number(process.env["LASTGOOD_SEED"] ?? 1);
    const explored = await explore(async (trial) => {
      for (let seed = first; seed < first + 1_000; seed++) await trial(randomScenario(seed));
    });
    await expectLawful(explored, 1_000);
  },
  limitMs,
);

test.each(kept)("kept: $story", async ({ scenario }) => {
  expect((await play(scenario)).violations).toEqual([]);
});

// A short exploration that stops at the first broken law: what mutants of the executor are tried with.
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
} from "./explore.ts";

const randomSeeds = 300;
const pairStride = 13;
const faultStride = 1_000;
const cancelStride = 4;

/** Plans that exchange the database have the most to get wrong. */
const longestFirst = [...scenes].reverse();

/** The same hunt each time; the cheap and fruitful parts first. */
export function hunt(): Promise<Explored> {
  return explore(async (trial) => {
    for (const scene of scenes) await faultsEverywhere(scene, trial, faultStride);
    for (const scene of scenes) await zombiesEverywhere(scene, trial);
    for (const scene of scenes) await cancelsEverywhere(scene, trial, cancelStride);
    for (const reboots of [true, false])
      for (const scene of longestFirst) await singleCrashes(scene, trial, reboots);
    for (const scene of scenes) await doubleCrashes(scene, trial, pairStride);
    for (let seed = 1; seed <= randomSeeds; seed++) await trial(randomScenario(seed));
  }, 1);
}

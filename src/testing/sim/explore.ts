// Explores the simulated world: every single and double crash, every fault at every effect, and random mixes.
import type { PlanKind } from "../../core/plan/plan.ts";
import type { Fault, Perils } from "./controller.ts";
import { calm, play, type Report, type Scenario } from "./scenario.ts";
import type { Scene } from "./stage.ts";

export type Finding = { readonly scenario: Scenario; readonly violations: readonly string[] };
export type Explored = {
  readonly scenarios: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
};

const kinds: readonly PlanKind[] = [
  "deploy",
  "deploy-paused",
  "rollback",
  "restore",
  "retire",
  "revive",
  "flag-off",
];
const faults: readonly Fault[] = [
  "lie-ok",
  "lie-err",
  "late",
  "leak",
  "hang",
  "foreign",
  "refuse",
  "disk-full",
];

/** Scenes that differ: how the target behaves matters only to plans that start it. */
const ofOneService: readonly Scene[] = kinds.flatMap((kind): Scene[] => {
  if (kind === "retire" || kind === "revive" || kind === "flag-off")
    return [{ kind, temper: "good", warm: false }];
  const tempers = (["good", "crashes", "unhealthy"] as const).map(
    (temper): Scene => ({ kind, temper, warm: false }),
  );
  return [...tempers, { kind, temper: "good", warm: true }];
});

/** The same with several services, where that makes a difference: what one service shows already is not shown again. */
const ofSeveral: readonly Scene[] = ofOneService
  .filter(
    ({ kind, temper, warm }) =>
      kind !== "flag-off" && temper !== "unhealthy" && (!warm || kind === "rollback"),
  )
  .map((scene) => ({ ...scene, several: true }));

const inPlace: readonly Scene[] = (["deploy", "rollback"] as const).flatMap((kind) =>
  (["good", "crashes"] as const).map((temper): Scene => ({ kind, temper, warm: false, inPlace: true })),
);

export const scenes: readonly Scene[] = [...ofOneService, ...ofSeveral, ...inPlace];

type Tally = {
  scenarios: number;
  outcomes: Record<string, number>;
  findings: Finding[];
  readonly most: number;
};

/** Stops at `most` findings: a broken engine breaks everywhere. */
export async function explore(
  part: (try_: (scenario: Scenario) => Promise<Report>) => Promise<void>,
  most = 10,
): Promise<Explored> {
  const tally: Tally = { scenarios: 0, outcomes: {}, findings: [], most };
  try {
    await part((scenario) => trial(tally, scenario));
  } catch (error) {
    if (!(error instanceof Enough)) throw error;
  }
  return tally;
}

class Enough extends Error {}

async function trial(tally: Tally, scenario: Scenario): Promise<Report> {
  const report = await play(scenario);
  tally.scenarios += 1;
  tally.outcomes[report.outcome] = (tally.outcomes[report.outcome] ?? 0) + 1;
  if (report.violations.length > 0)
    tally.findings.push({ scenario, violations: [...new Set(report.violations)] });
  if (tally.findings.length >= tally.most) throw new Enough();
  return report;
}

/** Every crash point alone. */
export async function singleCrashes(
  scene: Scene,
  try_: (scenario: Scenario) => Promise<Report>,
  reboots = false,
): Promise<void> {
  const { points } = await try_({ scene, perils: { ...calm, reboots } });
  for (let at = 1; at <= points; at++) await try_({ scene, perils: { ...calm, crashAt: [at], reboots } });
}

/** Every pair: the second crash lies anywhere in the recovery from the first. `stride` thins the pairs. */
export async function doubleCrashes(
  scene: Scene,
  try_: (scenario: Scenario) => Promise<Report>,
  stride = 1,
): Promise<void> {
  const { points } = await try_({ scene, perils: calm });
  for (let first = 1; first <= points; first += stride) {
    const { points: after } = await try_({ scene, perils: { ...calm, crashAt: [first] } });
    for (let second = first + 1; second <= after; second += stride) {
      await try_({ scene, perils: { ...calm, crashAt: [first, second] } });
    }
  }
}

/** Every fault at every effect, alone and with a crash anywhere after it (thinned by `stride`). */
export async function faultsEverywhere(
  scene: Scene,
  try_: (scenario: Scenario) => Promise<Report>,
  stride: number,
): Promise<void> {
  const { effects } = await try_({ scene, perils: calm });
  for (const fault of faults) {
    for (let at = 1; at <= effects; at++) {
      const perils: Perils = { ...calm, faults: { [at]: fault } };
      const { points } = await try_({ scene, perils });
      for (let crash = 1; crash <= points; crash += stride)
        await try_({ scene, perils: { ...perils, crashAt: [crash] } });
    }
  }
}

/** A controller frozen before each effect in turn, which goes on when another one has ended its run. */
export async function zombiesEverywhere(
  scene: Scene,
  try_: (scenario: Scenario) => Promise<Report>,
): Promise<void> {
  const { effects } = await try_({ scene, perils: calm });
  for (let at = 1; at <= effects; at++) await try_({ scene, perils: { ...calm, zombieAt: at } });
}

/** A person cancels during each effect in turn, alone and with a crash anywhere (thinned by `stride`). */
export async function cancelsEverywhere(
  scene: Scene,
  try_: (scenario: Scenario) => Promise<Report>,
  stride: number,
): Promise<void> {
  const { effects } = await try_({ scene, perils: calm });
  for (let at = 1; at <= effects; at++) {
    // With a daemon that is late as well: what was begun must be settled before it is taken back.
    for (const faults of [{}, { [at]: "late" as const }]) {
      const perils: Perils = { ...calm, cancelAt: at, faults };
      const { points } = await try_({ scene, perils });
      for (let crash = 1; crash <= points; crash += stride)
        await try_({ scene, perils: { ...perils, crashAt: [crash] } });
    }
  }
}

/** A scenario from a seed: up to three crashes, up to two faults, now and then reboots. */
export function randomScenario(seed: number): Scenario {
  const random = generator(seed);
  const pick = (count: number) => Math.floor(random() * count);
  const scene = scenes[pick(scenes.length)] ?? { kind: "deploy", temper: "good", warm: false };
  const crashAt = Array.from({ length: pick(4) }, () => 1 + pick(150));
  const pairs = Array.from(
    { length: pick(3) },
    () => [1 + pick(12), faults[pick(faults.length)] ?? "refuse"] as const,
  );
  const cancelAt = random() < 0.2 ? 1 + pick(10) : 0;
  return { scene, perils: { crashAt, faults: Object.fromEntries(pairs), reboots: random() < 0.2, cancelAt } };
}

/** mulberry32 (Tommy Ettinger, public domain): small, and the same on every machine. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Take perils away one by one while the scenario still breaks a law: what is left is the story of the bug. */
export async function shrink(scenario: Scenario): Promise<Scenario> {
  for (const smaller of candidates(scenario)) {
    const { violations } = await play(smaller);
    if (violations.length > 0) return shrink(smaller);
  }
  return scenario;
}

function candidates({ scene, perils }: Scenario): readonly Scenario[] {
  const lessCrash = perils.crashAt.map((_, index) => ({
    ...perils,
    crashAt: perils.crashAt.filter((__, other) => other !== index),
  }));
  const lessFault = Object.keys(perils.faults).map((key) => ({
    ...perils,
    faults: Object.fromEntries(Object.entries(perils.faults).filter(([other]) => other !== key)),
  }));
  const noCancel = perils.cancelAt ? [{ ...perils, cancelAt: 0 }] : [];
  const noReboots = perils.reboots ? [{ ...perils, reboots: false }] : [];
  const earlier = perils.crashAt.flatMap((at, index) =>
    at > 1 ? [{ ...perils, crashAt: perils.crashAt.with(index, at - 1) }] : [],
  );
  return [...lessCrash, ...lessFault, ...noReboots, ...noCancel, ...earlier].map((fewer) => ({
    scene,
    perils: fewer,
  }));
}

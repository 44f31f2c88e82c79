// What a driver is told of the journal: the release whose data it is, with its images, and when migrations ran.
import { expect, test } from "vitest";
import { pastOf } from "../../src/compose/past.ts";
import { emptyEnv } from "../../src/core/env-state.ts";
import type { Release } from "../../src/core/release.ts";
import { emptyState, type State } from "../../src/core/state.ts";
import { simRelease } from "../../src/testing/sim/stage.ts";

const release: Release = simRelease("v1", true);
const window = { restorePoint: "b1", before: "1:1:", after: "2:2:", alone: true };

function stateWith(serving: string | null): State {
  const api = { ...release.services["web"], spec: { image: "sha256:aa" } };
  const services = { ...release.services, api } as Release["services"];
  const known = { madeAt: 0, goodAt: null, servedAt: null, kept: true, restorePoint: null, flags: null };
  const releases = { [release.id]: { ...known, release: { ...release, services } } };
  return { ...emptyState, envs: { production: { ...emptyEnv, serving, releases, migrated: [window] } } };
}

test("the release that serves, with the images of those services that have one", () => {
  const past = pastOf(() => stateWith(release.id), "production");
  expect(past.release()).toEqual({ id: release.id, images: { api: "sha256:aa" } });
  expect(past.migrated()).toEqual([window]);
});

test("where nothing serves no release is named, and an unknown environment has no past", () => {
  expect(pastOf(() => stateWith(null), "production").release()).toBeNull();
  const elsewhere = pastOf(() => stateWith(release.id), "staging");
  expect([elsewhere.release(), elsewhere.migrated()]).toEqual([null, []]);
});

// Scenarios that once broke a law, kept so that they never do again. Add what a failing run prints, with its story.
import type { Scenario } from "../../src/testing/sim/scenario.ts";

export const kept: readonly { readonly story: string; readonly scenario: Scenario }[] = [
  {
    story:
      "a reboot after the way back let requests go: the database was returned a second time, over new rows",
    scenario: {
      scene: { kind: "deploy-paused", temper: "crashes", warm: false },
      perils: { crashAt: [118], faults: {}, reboots: true },
    },
  },
  {
    story: "a reboot after a restore let requests go: the restore was done again, over new rows",
    scenario: {
      scene: { kind: "restore", temper: "good", warm: false },
      perils: { crashAt: [79], faults: {}, reboots: true },
    },
  },
  {
    story: "a reboot after a restore under a foreign hand: the once-effect happened twice",
    scenario: {
      scene: { kind: "restore", temper: "unhealthy", warm: false },
      perils: { crashAt: [38], faults: { 2: "foreign" }, reboots: true },
    },
  },
  {
    story: "a reboot after a deploy was done: nothing served until the revival",
    scenario: {
      scene: { kind: "deploy", temper: "good", warm: false },
      perils: { crashAt: [52], faults: {}, reboots: true },
    },
  },
  {
    story: "a cancel and a crash in the middle of a step: the run turned before that step was settled",
    scenario: {
      scene: { kind: "deploy-paused", temper: "good", warm: false },
      perils: { crashAt: [28], faults: {}, reboots: false, cancelAt: 2 },
    },
  },
  {
    story: "a reboot after requests flowed again, then a full disk: the database was returned over new rows",
    scenario: {
      scene: { kind: "deploy-paused", temper: "good", warm: false },
      perils: { crashAt: [78], faults: { 7: "disk-full" }, reboots: true },
    },
  },
  {
    story:
      "a reboot after the switch, then a start that is refused: the way back had forgotten that it had switched",
    scenario: {
      scene: { kind: "deploy", temper: "good", warm: false },
      perils: { crashAt: [42], faults: { 4: "refuse" }, reboots: true },
    },
  },
  {
    story: "two crashes and one refusal used up the attempts of the way back: it paused while nobody served",
    scenario: {
      scene: { kind: "restore", temper: "unhealthy", warm: false },
      perils: { crashAt: [96, 88], faults: { 6: "refuse" }, reboots: false },
    },
  },
  {
    story:
      "a foreign hand let requests go on during a restore, then a cancel took the database back over new rows",
    scenario: {
      scene: { kind: "restore", temper: "good", warm: false },
      perils: { crashAt: [45, 79], faults: { 5: "foreign" }, reboots: true, cancelAt: 6 },
    },
  },
];

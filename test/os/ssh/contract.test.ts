// The contract of Host: this machine, and a real sshd on loopback.
import { expect, test } from "vitest";
import { systemClock } from "../../../src/os/clock.ts";
import { localHost } from "../../../src/os/exec.ts";
import { hostContract } from "../../../src/testing/contracts/host.ts";
import { describeWith } from "../../parts/needs.ts";
import { tempFolder } from "../temp-folder.ts";
import { sshBed } from "./bed.ts";

const slowMs = 60_000;

test.each(hostContract)("this machine: $name", { timeout: slowMs }, async ({ run }) => {
  const host = localHost({ PATH: process.env["PATH"] ?? "" }, systemClock());
  expect(await run({ host, node: process.execPath, folder: await tempFolder() })).toBeUndefined();
});

(await describeWith("sshd"))("over ssh", () => {
  test.each(hostContract)("$name", { timeout: slowMs }, async ({ run }) => {
    const { host, sshd } = await sshBed();
    expect(await run({ host, node: process.execPath, folder: sshd.folder })).toBeUndefined();
  });
});

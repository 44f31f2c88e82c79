// Installs a Debian package, on CI machines only: nobody's own machine is changed by running tests.
import { spawn } from "node:child_process";

const limitMs = 120_000;

/** Does nothing where this is not CI, we are not root, or there is no apt-get. Whether it helped is for the part to see. */
export async function installDebian(name: string): Promise<void> {
  if (process.env["CI"] !== "true" || process.geteuid?.() !== 0) return;
  const install = spawn("apt-get", ["install", "--yes", "--no-install-recommends", name], {
    stdio: "ignore",
    timeout: limitMs,
  });
  await new Promise<void>((resolve) => {
    install.on("error", () => resolve());
    install.on("close", () => resolve());
  });
}

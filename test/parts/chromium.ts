// Debian's Chromium, to be driven by playwright-core.
import { findProgram } from "../../scripts/parts/find-program.ts";

/** What `chromium.launch` of playwright-core wants. Throws where it is missing: guard with describeWith("chromium"). */
export async function chromium(): Promise<{
  readonly executablePath: string;
  readonly args: readonly string[];
}> {
  const executablePath = await findProgram("chromium");
  if (executablePath === null)
    throw new Error("no chromium here: guard the test with describeWith('chromium')");
  // Its sandbox refuses to run as root.
  const args = process.geteuid?.() === 0 ? ["--no-sandbox"] : [];
  return { executablePath, args };
}

// release.verify: the public port itself proves which release answers.
import { limits } from "../core/limits.ts";
import { ok, problem } from "../core/result.ts";
import { verifyInput } from "./inputs.ts";
import { readStep } from "./read-step.ts";

const asks = 5;
const pauseMs = 200;

export const releaseVerify = readStep({
  kind: "release.verify",
  limitMs: () => asks * (limits.probeTimeoutMs + pauseMs),
  async run({ world, op }, input) {
    const { service, release, path } = verifyInput.parse(input);
    let saw = "nothing";
    for (let ask = 1; ask <= asks && !op.signal.aborted; ask++) {
      const answer = await world.traffic(service).whoAnswers(path, limits.probeTimeoutMs);
      if (answer.ok && answer.value.release === release && answer.value.status < 500) {
        return ok({ service, release, status: answer.value.status });
      }
      saw = answer.ok ? `${answer.value.release ?? "nobody"} with ${answer.value.status}` : answer.error.what;
      await world.clock.sleep(pauseMs, op.signal);
    }
    return problem(
      "unhealthy",
      `the public port was answered by ${saw}, not by ${release}`,
      "lastgood status shows what serves.",
    );
  },
});

// Waits until something answers over HTTP.

const withinMs = 60_000;
const lookEveryMs = 50;
const answerMs = 5_000;

/** Any answer will do, also an error. Rejects after a minute. */
export function untilAnswered(url: string): Promise<void> {
  return until(url, () => true);
}

/** An answer from 200 to 299. Rejects after a minute, with what was answered last. */
export function untilHealthy(url: string): Promise<void> {
  return until(url, (status) => status >= 200 && status < 300);
}

async function until(url: string, isFine: (status: number) => boolean): Promise<void> {
  const end = performance.now() + withinMs;
  for (let said = ""; ; ) {
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(answerMs) });
      said = `${answer.status} ${(await answer.text()).slice(0, 200)}`;
      if (isFine(answer.status)) return;
    } catch (error) {
      said = String((error as Error).cause ?? error);
    }
    if (performance.now() > end) throw new Error(`${url} did not answer well: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

// Multi-window burn rates (SRE workbook, sloth): the pair of paging alerts, and what Alertmanager adds.
import { each, type Peer, share } from "./peer.ts";

export type BurnRule = {
  /** Share of requests that must go well. */
  readonly objective: number;
  readonly evaluateS: number;
  readonly groupWaitS: number;
};

/** Long window, short window, factor: those that page; the slower ones only make tickets. */
const pages = [
  [3600, 300, 14.4],
  [21_600, 1800, 6],
] as const;

/** 0/0 is no alert. The windows reach back before the deploy. */
export function burnRate({ objective, evaluateS, groupWaitS }: BurnRule): Peer["decide"] {
  return (view, untilS) => {
    const burns = (nowS: number, windowS: number, factor: number) =>
      share(view.service(nowS - windowS, nowS)) > factor * (1 - objective);
    for (const nowS of each(evaluateS, untilS - groupWaitS)) {
      const fires = pages.some(
        ([long, short, factor]) => burns(nowS, long, factor) && burns(nowS, short, factor),
      );
      if (fires) return nowS + groupWaitS;
    }
    return null;
  };
}

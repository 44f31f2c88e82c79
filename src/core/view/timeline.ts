// Events as sentences: what a person reads at three in the morning, and what a post-mortem starts from.
import { backupSentence } from "../backups/sentence.ts";
import { decisionSentence } from "../decide/sentence.ts";
import type { Event } from "../event.ts";
import { flagSentence } from "../flags/sentence.ts";
import { olderWords } from "../migrations/older.ts";
import type { Plan } from "../plan/plan.ts";

export type TimelineRow = {
  readonly seq: number;
  readonly at: number;
  readonly type: string;
  readonly text: string;
};

/** The plans of runs, by run id: where the titles of steps come from. */
export type Plans = Readonly<Record<string, { readonly plan: Plan }>>;

export function timeline(events: readonly Event[], known: Plans): readonly TimelineRow[] {
  const plans = { ...known };
  return events.flatMap((event) => {
    if (event.type === "run.planned") plans[event.data.run] = { plan: event.data.plan };
    const text = sentence(event, plans);
    return text === null ? [] : [{ seq: event.seq, at: event.at, type: event.type, text }];
  });
}

/** Null for what no person needs to read: intents, and looks that only prepare. */
export function sentence(event: Event, plans: Plans): string | null {
  switch (event.type) {
    case "controller.started":
      return event.data.tookOver ? `A controller took over from process ${event.data.tookOver.pid}.` : null;
    case "clock.jumped":
      return `The wall clock jumped by ${Math.round(event.data.byMs / 1000)} s.`;
    case "journal.rebuilt":
      return `The journal was rebuilt from ${event.data.from}: ${event.data.why}`;
    case "release.made":
      return null;
    case "release.became-good":
      return `${event.data.release} is good: ${ended(event.data.why)}`;
    case "release.quarantined":
      return `${event.data.release} is quarantined: ${ended(event.data.why)}`;
    case "release.lifted":
      return `The quarantine of ${event.data.release} was lifted by ${event.data.by}: ${event.data.why}.`;
    case "deploy.refused":
      return `Deploying ${event.data.version} was refused: ${event.data.problem.what}.`;
    case "decision.made":
      return `Decision: ${event.data.decision} (rule ${event.data.rule}). ${ended(event.data.why)}`;
    case "watch.started":
      return `Watching ${event.data.release} after the ${event.data.after}.`;
    case "watch.found":
      return `Finding: ${event.data.finding.outcome}. ${ended(event.data.finding.why)}`;
    case "watch.ended":
      return `The watch ended: ${event.data.outcome}, ${event.data.errors} of ${event.data.requests} requests failed.`;
    case "vigil.found":
      return `Found outside of a watch: ${ended(event.data.finding.why)}`;
    case "rollback.compared":
      return `Did going back from ${event.data.left} help? ${event.data.helped}. ${ended(event.data.why)}`;
    case "lock.broken":
      return `The lock of ${event.data.run} was broken by ${event.data.by}: ${event.data.why}.`;
    case "part.restart-begun":
      return `${event.data.by} restarts ${event.data.part}.`;
    case "part.restarted":
      return event.data.problem
        ? `Restarting ${event.data.part} failed: ${ended(event.data.problem.what)}`
        : `${event.data.part} was restarted in ${event.data.ms} ms.`;
    case "migrate.down-begun":
      return `${event.data.by} takes down ${event.data.names.join(", ")}.`;
    case "migrate.down-ended":
      return event.data.problem
        ? `Taking them down failed: ${ended(event.data.problem.what)}`
        : `They went down in ${event.data.ms} ms.`;
    case "migrate.brought":
      return `${event.data.release} brings migrations: ${event.data.names.join(", ")}.`;
    case "migrate.older-tried":
      return olderWords(event.data, event.data.older, event.data.newer);
    case "salvage.begun":
      return `${event.data.by} brings rows back from ${event.data.kept}.`;
    case "salvage.ended":
      return event.data.problem
        ? `Bringing rows back failed: ${ended(event.data.problem.what)}`
        : `${event.data.rows} rows of ${event.data.kept} are back; ${event.data.conflicts} could not come.`;
    case "message.sent":
      return event.data.via === "nobody" ? null : `A message went out via ${event.data.via}.`;
    case "message.given-up":
      return `A message could not be sent via ${event.data.via}: ${event.data.why}.`;
    default:
      return (
        flagSentence(event) ?? decisionSentence(event) ?? backupSentence(event) ?? runSentence(event, plans)
      );
  }
}

function runSentence(event: Event, plans: Plans): string | null {
  switch (event.type) {
    case "run.planned":
      return `${cap(event.data.plan.kind)} to ${event.data.plan.target} begins: ${ended(event.data.plan.why)}`;
    case "run.resumed":
      return `A new controller goes on with the run${event.data.rebooted ? " after a reboot" : ""}.`;
    case "run.cancel-requested":
      return `${event.data.by} cancels the run.`;
    case "run.turned":
      return `Going back: ${firstLine(event.data.why.what)}`;
    case "run.rewound":
      return `Doing ${event.data.keys.join(", ")} again: ${event.data.why}.`;
    case "run.paused":
      return `Paused, a person is asked: ${firstLine(event.data.why.what)}`;
    case "run.ended":
      return `The run ended: ${event.data.outcome}, after ${event.data.ms} ms.`;
    case "step.verified":
      return `Done: ${titleOf(event.data, plans)} (${event.data.ms} ms).`;
    case "step.failed":
      return `Failed: ${titleOf(event.data, plans)}: ${event.data.problem.what}`;
    default:
      return null;
  }
}

function titleOf(
  step: { run: string; key: string; kind: string; direction: "do" | "undo" },
  plans: Plans,
): string {
  const plan = plans[step.run]?.plan;
  const list = step.direction === "do" ? plan?.steps : plan?.undo;
  return list?.find((one) => one.key === step.key)?.title ?? step.kind;
}

function cap(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A sentence ends once. */
function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** The whole story stands where it failed. */
function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

// Hand-made mutants of the executor: each is one wrong edit of one file, and each must break a law.

export type Mutant = {
  readonly name: string;
  readonly file: string;
  /** Stands exactly once in the file; a mutant whose place has gone is an error, not a pass. */
  readonly from: string;
  readonly to: string;
};

/** Evidence as a step could have made it up: a mutant must die of a broken law, not of a missing field. */
const madeUp = '{ release: doing.run.plan.target, backup: "old-backup", position: null }';

export const mutants: readonly Mutant[] = [
  {
    name: "no probe: an answer of ok is believed, an answer of failed too",
    file: "engine/perform.ts",
    from: "const verdict = await settledVerdict(now, before, timed.result.ok);",
    to: 'const verdict: Verdict = timed.result.ok ? { is: "applied", evidence: { release: now.run.plan.target, backup: "old-backup", position: null } } : { is: "absent" };',
  },
  {
    name: "no verify: what the target does not show is called done",
    file: "engine/perform.ts",
    from: 'case "absent":',
    to: `case "absent": return verified(doing, ${madeUp}, ms, recovered);`,
  },
  {
    name: "no intent: the effect comes without a durable intent",
    file: "engine/perform.ts",
    from: 'deps.ledger.record([{ type: "step.intended", data: { ...ref(now), op: now.op, before } }]);',
    to: "",
  },
  {
    name: "done before effect: the step is called done, then carried out",
    file: "engine/perform.ts",
    from: "kind.run(context(now, signal, before), step.input),",
    to: '(verified(now, { release: now.run.plan.target, backup: "old-backup", position: null }, 0, false), kind.run(context(now, signal, before), step.input)),',
  },
  {
    name: "recovery believes that an intended step was done",
    file: "engine/perform.ts",
    from: "const verdict = await settledVerdict(doing, former.before, false);",
    to: `if (former) return verified(doing, ${madeUp}, 0, true); const verdict = await settledVerdict(doing, former.before, false);`,
  },
  {
    name: "recovery repeats an intended step without asking the target",
    file: "engine/perform.ts",
    from: 'if (former?.status === "intended") return recovered(doing, former);',
    to: "",
  },
  {
    name: "a foreign hand is ignored",
    file: "engine/perform.ts",
    from: 'return stuck(doing, verdict.what, "somebody else changed the target", ms);',
    to: `return verified(doing, ${madeUp}, ms, recovered);`,
  },
  {
    name: "no fence: effects carry no epoch",
    file: "engine/doing.ts",
    from: "epoch: deps.ledger.journal.epoch(), signal",
    to: "epoch: Number.MAX_SAFE_INTEGER, signal",
  },
  {
    name: "the op changes over a restart",
    file: "engine/perform.ts",
    from: "const op = opId(run.run, run.direction, step.key);",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text of a mutant
    to: "const op = opId(`${run.run}-${deps.ledger.journal.epoch()}`, run.direction, step.key);",
  },
  {
    name: "children are not reaped",
    file: "engine/settle.ts",
    from: "await doing.deps.world(doing.run.plan.env).children.reap(doing.op);",
    to: "",
  },
  {
    name: "children of a clean answer are left when the run ends",
    file: "engine/settle.ts",
    from: 'if (step.op !== "") await children.reap(step.op);',
    to: "",
  },
  {
    name: "the way back in the wrong order",
    file: "core/run.ts",
    from: "return state.plan.undo.filter((step) => step.of.some((key) => state.do[key] !== undefined));",
    to: "return state.plan.undo.filter((step) => step.of.some((key) => state.do[key] !== undefined)).toReversed();",
  },
  {
    name: "no way back: a failed step only ends the run",
    file: "core/run.ts",
    from: "return state.plan.undo.filter((step) => step.of.some((key) => state.do[key] !== undefined));",
    to: "return [];",
  },
  {
    name: "an intended step counts as done",
    file: "core/run.ts",
    from: 'steps(state, state.direction).find((step) => state[state.direction][step.key]?.status !== "verified")',
    to: "steps(state, state.direction).find((step) => state[state.direction][step.key] === undefined)",
  },
  {
    name: "after a reboot once-steps are done again",
    file: "engine/recover.ts",
    from: 'const again = verified.slice(index).filter((one) => deps.stepKind(one.kind).class !== "once");',
    to: "const again = verified.slice(0);",
  },
  {
    name: "after a crash the run is abandoned as it stands",
    file: "engine/recover.ts",
    from: 'if (run.status === "planned") return abandon(deps, run);',
    to: "return abandon(deps, run);",
  },
  {
    name: "a failure turns a run that must pause",
    file: "engine/run.ts",
    from: 'const wantsPause = run.pastReturn || (as === "stuck" && atSafePoint(run)) || pausesOnFailure(run, key);',
    to: "const wantsPause = false;",
  },
  {
    name: "a cancel turns a run that is past its point of no return",
    file: "engine/run.ts",
    from: "&& !unsettled(run) && !run.pastReturn",
    to: "&& !unsettled(run)",
  },
  {
    name: "a cancel turns a run before what it had begun is settled",
    file: "engine/run.ts",
    from: "&& !unsettled(run) && !run.pastReturn",
    to: "&& !run.pastReturn",
  },
  {
    name: "an effect that does not answer is waited for without end",
    file: "engine/deadline.ts",
    from: "const result = await Promise.race([working, late]);",
    to: "const result = await working;",
  },
  {
    name: "the new worker starts before the old one has stopped",
    file: "core/plan/exchange.ts",
    from: "return { steps: [...stops, ...starts, ...waits], undo };",
    to: "return { steps: [...starts, ...stops, ...waits], undo };",
  },
  {
    name: "the way back forgets the second service's route",
    file: "core/plan/exchange.ts",
    from: "const undo = all.toReversed().flatMap((service) =>",
    to: "const undo = all.slice(0, 1).flatMap((service) =>",
  },
  {
    name: "the way back forgets the old worker",
    file: "core/plan/exchange.ts",
    from: "block.undoing(stops, block.ending(",
    to: "block.undoing([], block.ending(",
  },
];

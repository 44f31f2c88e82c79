// The script for the day when Lastgood is gone too: it says what it does, and does it, with a POSIX shell.
import { prelude } from "./prelude.ts";
import { command, line, quote, word } from "./quote.ts";
import type { Glass, HandAct, HandStep } from "./steps.ts";
import { wordsOf } from "./words.ts";

const endOfWords = "END_OF_WORDS";

export function scriptOf(glass: Glass): string {
  const { app, env, version, release, byHand } = glass;
  const acts = byHand.steps.flatMap((step) => step.acts);
  return `#!/bin/sh
# Break-glass for ${line(app)}, ${line(env)}: brings ${line(version)} back without Lastgood and without Node.
# release: ${line(release)}
# app: ${line(app)}
#
#   sh ${line(env)}.sh --words    says what would be done, step by step
#   sh ${line(env)}.sh            does it
#
# Written ${line(glass.writtenAt)} UTC, after this release had passed its watch. Needs: ${["sh", ...byHand.needs].join(", ")}.
# What it needs lies beside it in ${line(env)}/: keep both together. Secrets are only in there.
set -eu
umask 077

case $0 in
  */*) here=\${0%/*}/ ;;
  *) here=./ ;;
esac
here=$(CDPATH='' cd -- "$here" && pwd)
kept="$here"/${quote(env)}/${quote(release)}

${prelude(acts)}

words() {
  cat <<'${endOfWords}'
${wordsOf(glass).replaceAll(endOfWords, "end of words")}
${endOfWords}
}

case "\${1:-}" in
  '') ;;
  --words)
    words
    exit 0
    ;;
  *)
    say "usage: sh $0 [--words]" >&2
    exit 2
    ;;
esac

[ -d "$kept" ] || die "the kept files are gone: $kept"
${byHand.needs.map((one) => `command -v ${quote(one)} >/dev/null 2>&1 || die ${quote(`there is no ${one} in PATH`)}`).join("\n")}

${byHand.steps.map((step, at) => block(step, at + 1)).join("\n\n")}

say ''
say ${quote(`${line(version)} is back.`)}
${byHand.handBack.map((text) => `say ${quote(line(text))}`).join("\n")}
`;
}

function block(step: HandStep, number: number): string {
  const said = `${number}. ${line(step.say)}`;
  const failed = quote(
    `step ${number} failed. What was done before it stays. Go on by hand: sh ${"$0"} --words`,
  );
  return [
    `say ${quote(said)}`,
    ...step.acts.map((act) => shell(act, failed.replace("$0", "this script"))),
  ].join("\n");
}

function shell(act: HandAct, failed: string): string {
  switch (act.act) {
    case "run":
      return act.mayFail === true
        ? `run ${command(act.argv)} || say '   (not needed, or not possible: going on)'`
        : `run ${command(act.argv)} || die ${failed}`;
    case "for-each":
      return `for item in $(${command(act.list)}); do
  run ${command(act.each)} "$item" || die ${failed}
done`;
    case "until-listed":
      return `tries=${act.tries}
until { ${act.lists.map(command).join("; ")}; } 2>/dev/null | grep -q .; do
  wait_more || die ${quote(line(act.otherwise))}
done`;
    case "until-answers":
      return `until_answers ${quote(act.url)} ${act.tries} || {${
        act.log === null ? "" : `\n  tail -n 20 ${word(act.log)} >&2 || :`
      }
  die ${quote(`${act.url} does not answer after ${act.tries} tries`)}
}`;
    case "end-marked":
      return `end_marked ${quote(`${act.name}=${act.value}`)} ${act.graceS}`;
    case "end-controller":
      return `end_controller ${quote(act.file)}`;
    case "start":
      return `start ${word(act.script)} ${word(act.log)}`;
  }
}

/** The release that a script brings back; null where it is none of ours. */
export function releaseIn(script: string): string | null {
  return /^# release: (\S+)$/m.exec(script)?.[1] ?? null;
}

/** The app that a script belongs to; null where it is none of ours. */
export function appIn(script: string): string | null {
  return /^# app: (\S+)$/m.exec(script)?.[1] ?? null;
}

// The same steps for a person who does them by hand.
import { command, line } from "./quote.ts";
import type { Glass, HandAct } from "./steps.ts";

export function wordsOf({ app, env, version, release, writtenAt, byHand }: Glass): string {
  const steps = byHand.steps.map((step, at) =>
    [`${at + 1}. ${line(step.say)}`, ...step.acts.flatMap(words).map((text) => `      ${text}`)].join("\n"),
  );
  const head = `How to bring ${line(app)}, ${line(env)} back to ${line(version)} (${line(release)}) by hand.`;
  const kept = `$kept is the folder ${line(env)}/${line(release)} beside the script. Written ${line(writtenAt)} UTC.`;
  return [
    head,
    kept,
    "",
    ...steps,
    "",
    "Afterwards:",
    ...byHand.handBack.map((text) => `- ${line(text)}`),
  ].join("\n");
}

function words(act: HandAct): readonly string[] {
  switch (act.act) {
    case "run":
      return [command(act.argv) + (act.mayFail === true ? "    (may fail: go on)" : "")].map(line);
    case "for-each":
      return [line(`for each of: ${command(act.list)}`), line(`  ${command(act.each)} <it>`)];
    case "until-listed":
      return ["until one of these lists something:", ...act.lists.map((list) => line(`  ${command(list)}`))];
    case "until-answers":
      return [line(`until it answers: curl -f ${act.url}`)];
    case "end-marked":
      return [
        line(`kill each of: grep -l -F '${act.name}=${act.value}' /proc/[0-9]*/environ`),
        `after ${act.graceS} s: kill -9 those that are still there`,
      ];
    case "end-controller":
      return [line(`kill -9 the lastgood process that has ${act.file} open: ls -l /proc/[0-9]*/fd`)];
    case "start":
      return [
        line(
          `nohup env -i /bin/sh ${command([act.script, "{kept}"])} >>${command([act.log])} 2>&1 </dev/null &`,
        ),
      ];
  }
}

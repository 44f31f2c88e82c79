// lastgood init at the terminal and in scripts: nothing is written that was not shown and agreed to.
import { beforeEach, expect, test } from "vitest";
import type { Change, InitPlan } from "../../src/app/init/init.ts";
import type { Edges } from "../../src/cli/connection.ts";
import type { Io } from "../../src/cli/io.ts";
import type { Shared } from "../../src/cli/run.ts";
import { type InitWish, initCommand } from "../../src/cli/verbs/init.ts";
import { ok, problem } from "../../src/core/result.ts";

let written: string[] = [];
let shown = "";
let asked: string[] = [];
beforeEach(() => {
  written = [];
  asked = [];
  shown = "";
});

const change = (path: string, over: Change["over"]): Change => ({
  path,
  over,
  text: "",
  mode: 0o644,
  difference: over === "same" ? "" : `${over === "theirs" ? "-old\n" : ""}+of ${path}\n`,
});
const all = [
  change("lastgood.yml", "new"),
  change("scripts/rollback.sh", "theirs"),
  change(".gitignore", "same"),
];

function io(answers: readonly string[] | null): Io {
  const left = [...(answers ?? [])];
  return {
    out: (text) => {
      shown += text;
    },
    err: (text) => {
      shown += text;
    },
    live: false,
    interactive: answers !== null,
    columns: 80,
    color: false,
    ask: async (question) => {
      expect(shown).toContain(`+of ${/(?:Write|Change) (\S+)\?/.exec(question)?.[1]}`);
      asked.push(question);
      return left.shift() ?? "";
    },
    user: "test",
    onInterrupt: () => () => {},
  };
}

async function init(wish: Partial<InitWish>, answers: readonly string[] | null, changes = all, json = false) {
  const plan: InitPlan = {
    changes,
    assumed: ["this"],
    unknown: ["that"],
    write: async ({ path }) => {
      written.push(path);
      return ok(undefined);
    },
  };
  const edges = {} as Edges;
  const it: Shared = {
    config: "lastgood.yml",
    env: "production",
    json,
    takeOver: false,
    edges,
    io: io(answers),
  };
  const all = { planOnly: false, yes: false, replace: false, ...wish };
  return await initCommand(it, all, async () => ok(plan));
}

test("--plan shows all that would change and writes nothing, with exit 0", async () => {
  expect(await init({ planOnly: true, yes: true }, ["y", "y"])).toEqual({ exit: 0 });
  expect([written, asked]).toEqual([[], []]);
  expect(shown).toContain("+of lastgood.yml");
  expect(shown).toContain("+of scripts/rollback.sh");
  expect(shown).not.toContain(".gitignore");
});

test("without a terminal and without --yes it waits for a person, exit 4", async () => {
  expect(await init({}, null)).toEqual({ exit: 4 });
  expect(written).toEqual([]);
});

test("at a terminal each file is asked for after it was shown", async () => {
  const outcome = await init({}, ["n", "Yes"]);
  expect(asked).toEqual(["Write lastgood.yml? [y/N] ", "Change scripts/rollback.sh? [y/N] "]);
  expect(written).toEqual(["scripts/rollback.sh"]);
  expect(outcome).toMatchObject({ outcome: "done", data: { assumed: ["this"], unknown: ["that"] } });
});

test("no is no, and everything else than yes is no", async () => {
  expect(await init({}, ["", "maybe"])).toMatchObject({ outcome: "unchanged" });
  expect(written).toEqual([]);
});

test("--yes writes and adds lines, but replaces nothing of the team's own: that needs its own word", async () => {
  const added = { ...change(".gitignore", "theirs"), difference: "+.lastgood/\n" };
  const outcome = await init({ yes: true }, null, [...all.slice(0, 2), added]);
  expect(outcome).toMatchObject({
    outcome: "done",
    what: "Written: lastgood.yml, .gitignore. Left as it is: scripts/rollback.sh.",
    next: "lastgood init --yes --replace takes their place and keeps them beside.",
  });
  expect(written).toEqual(["lastgood.yml", ".gitignore"]);
  expect(shown).toContain("+of lastgood.yml");
  await init({ yes: true, replace: true }, null);
  expect(written).toEqual(["lastgood.yml", ".gitignore", "lastgood.yml", "scripts/rollback.sh"]);
});

test("with --json nobody is asked, and the changes are data", async () => {
  expect(await init({ planOnly: true }, ["y"], all, true)).toEqual({ exit: 0 });
  const start = shown.indexOf("{");
  expect(JSON.parse(shown.slice(start))).toMatchObject({
    verb: "init",
    changes: [{ path: "lastgood.yml" }, {}, {}],
  });
  expect(asked).toEqual([]);
});

test("where all is as it should be it says so", async () => {
  expect(await init({}, [], [change("lastgood.yml", "same")])).toMatchObject({ outcome: "unchanged" });
});

test("what could not be read is told with exit code and next step", async () => {
  const it = { config: "x", io: io(null), json: false } as Shared;
  const wish = { planOnly: false, yes: true, replace: false };
  const nothing = async () => problem("missing", "no compose file", "stand in its folder");
  expect(await initCommand(it, wish, nothing)).toMatchObject({
    outcome: "usage",
    next: "stand in its folder",
  });
});

test("a file that can't be written ends it with the reason", async () => {
  const plan: InitPlan = {
    changes: all,
    assumed: [],
    unknown: [],
    write: async () => problem("read-only", "no", "go"),
  };
  const it = { config: "x", io: io(null), json: false } as Shared;
  const wish = { planOnly: false, yes: true, replace: false };
  expect(await initCommand(it, wish, async () => ok(plan))).toMatchObject({ outcome: "failed", what: "no" });
});

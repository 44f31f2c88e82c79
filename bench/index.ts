// `npm run bench` lists the benches; `npm run bench -- <name> [--json] [--option n]` runs one.
import process from "node:process";
import type { Bench } from "./document.ts";
import { table } from "./table.ts";

/** One line a bench: its name, and the file that has it. */
const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  detection: () => import("./detection.ts"),
  "log-intake": () => import("./log-intake.ts"),
  journal: () => import("./journal.ts"),
  flags: () => import("./flags.ts"),
  switch: () => import("./switch.ts"),
  "switch-nginx": () => import("./switch-nginx.ts"),
  cli: () => import("./cli.ts"),
  doctor: () => import("./doctor.ts"),
  stacks: () => import("./stacks.ts"),
  cutover: () => import("./cutover.ts"),
  salvage: () => import("./salvage.ts"),
  restore: () => import("./restore.ts"),
};

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined) return list();
  const load = Object.hasOwn(benches, name) ? benches[name] : undefined;
  if (!load) return usage(`there is no bench "${name}"; there are: ${Object.keys(benches).join(", ")}`);
  const bench = await load();
  const asked = read(rest, bench.options);
  if (typeof asked === "string") return usage(asked);
  // They are the bench's own options with other numbers, which the table's common type cannot say.
  const document = await bench.run(asked.options as never);
  process.stdout.write(asked.json ? `${JSON.stringify(document, null, 2)}\n` : table(document));
  return 0;
}

async function list(): Promise<number> {
  for (const [name, load] of Object.entries(benches)) {
    const { about, takes, options } = await load();
    const given = Object.entries(options).map(([option, value]) => `--${option} ${value}`);
    process.stdout.write(`${name}  (${takes})\n  ${about}\n  ${given.join(" ")}\n`);
  }
  return 0;
}

/** Flags over the bench's defaults, or what is wrong with them. */
function read(
  flags: readonly string[],
  defaults: Readonly<Record<string, number>>,
): { readonly json: boolean; readonly options: Readonly<Record<string, number>> } | string {
  const options: Record<string, number> = { ...defaults };
  let json = false;
  for (let i = 0; i < flags.length; i++) {
    const flag = flags[i] ?? "";
    const option = flag.replace(/^--/, "");
    if (flag === "--json") json = true;
    else if (!Object.hasOwn(defaults, option)) {
      return `"${flag}" is not an option here; there are: --json ${Object.keys(defaults)
        .map((key) => `--${key}`)
        .join(" ")}`;
    } else {
      i += 1;
      const value = Number(flags[i] ?? Number.NaN);
      if (!Number.isFinite(value)) return `--${option} needs a number`;
      options[option] = value;
    }
  }
  return { json, options };
}

function usage(problem: string): number {
  process.stderr.write(`${problem}\n`);
  return 2;
}

// From a version's name to its folder, and which versions there are.
import { isAbsolute, join } from "node:path";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Files } from "../../../ports/files.ts";
import { isSafeName } from "./config.ts";

const MARK = "{version}";
/** A release's id is nine characters longer, and must still be a safe name. */
const VERSION_CHARACTERS = 60;
/** As many are named to a person who asked for one that is not there. */
const SHOWN = 10;
const byNumber = new Intl.Collator("en", { numeric: true });

/** `usage` for a name that could lead elsewhere, `config` for a template that could not lead anywhere. */
export function sourceFolder(template: string, version: string): Result<string> {
  if (!isSafeName(version) || version.length > VERSION_CHARACTERS) {
    return problem(
      "usage",
      `${JSON.stringify(version)} cannot be a version`,
      `use letters, digits, ".", "_" and "-", at most ${VERSION_CHARACTERS}, beginning with a letter or digit`,
    );
  }
  if (!isAbsolute(template) || !template.includes(MARK)) {
    return problem(
      "config",
      `the source ${template} is not an absolute path with ${MARK} in it`,
      `write it like /srv/app/releases/${MARK}`,
    );
  }
  return ok(template.replaceAll(MARK, version));
}

/** Says what was looked for and what is there instead. */
export async function missingVersion(
  files: Files,
  service: string,
  template: string,
  version: string,
): Promise<Result<never>> {
  const looked = template.replaceAll(MARK, version);
  const there = await versionsAt(files, template);
  if (!there.ok) return there;
  const more = there.value.length > SHOWN ? ` and ${there.value.length - SHOWN} more` : "";
  const next =
    there.value.length === 0
      ? `put the files of ${service} there first`
      : `there are: ${there.value.slice(0, SHOWN).join(", ")}${more}`;
  return problem("missing", `there is no version ${version} of ${service} at ${looked}`, next, looked);
}

/** Versions whose folder exists, highest first. */
async function versionsAt(files: Files, template: string): Promise<Result<readonly string[]>> {
  const parts = template.split("/");
  const at = parts.findIndex((part) => part.includes(MARK));
  const [before = "", after = ""] = (parts[at] ?? "").split(MARK);
  const names = await files.list(parts.slice(0, at).join("/") || "/");
  if (!names.ok) return names.error.code === "missing" ? ok([]) : names;
  const found: string[] = [];
  for (const name of names.value) {
    if (!name.startsWith(before) || !name.endsWith(after) || name.length <= before.length + after.length)
      continue;
    const version = name.slice(before.length, name.length - after.length);
    if (!isSafeName(version)) continue;
    const folder = await files.stat(join(template.replaceAll(MARK, version)));
    if (folder.ok && folder.value?.type === "directory") found.push(version);
  }
  return ok(found.sort((a, b) => byNumber.compare(b, a)));
}

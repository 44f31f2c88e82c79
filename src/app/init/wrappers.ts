// Thin scripts under the names that runbooks know, so that nobody has to learn a new name at night.

/** Stands in each of them: how one of ours is told from the team's own. */
const mark = "# Written by lastgood init.";

export type Wrapper = { readonly path: string; readonly text: string };

export function wrappers(config: string): readonly Wrapper[] {
  return [{ path: "scripts/rollback.sh", text: rollback(config) }];
}

export function isOurs(text: string): boolean {
  return text.includes(mark);
}

function rollback(config: string): string {
  const file = /^[\w.-]+$/.test(config) ? config : `'${config.replaceAll("'", "'\\''")}'`;
  return `#!/bin/sh
${mark} Goes back to last good, or to a version:
#   scripts/rollback.sh --latest | <version>
# More options of \`lastgood rollback\` may follow, such as --plan, --yes, --with-data.
set -eu
cd "$(dirname "$0")/.."
case \${1:-} in
  --latest) shift; exec lastgood --config ${file} rollback "$@" ;;
  '' | -*) echo "usage: scripts/rollback.sh --latest | <version>" >&2; exit 2 ;;
  *) exec lastgood --config ${file} rollback "$@" ;;
esac
`;
}

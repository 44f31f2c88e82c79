// The shell functions that steps are made of. POSIX sh only: dash, busybox and bash run them alike.
import type { HandAct } from "./steps.ts";

const basic = `say() { printf '%s\\n' "$*"; }
die() { printf '\\nSTOPPED: %s\\n' "$*" >&2; exit 1; }
run() { printf '   + %s\\n' "$*"; "$@"; }`;

const endPids = `# End these processes: ask, wait up to $1 seconds, kill.
end_pids() {
  grace=$1
  shift
  [ "$#" -gt 0 ] || return 0
  say "   + kill $*"
  kill "$@" 2>/dev/null || :
  left=$grace
  for pid in "$@"; do
    while alive "$pid" && [ "$left" -gt 0 ]; do
      sleep 1
      left=$((left - 1))
    done
    if alive "$pid"; then
      say "   + kill -9 $pid"
      kill -9 "$pid" 2>/dev/null || :
    fi
  done
}`;

const alive = `# A zombie has ended, although it is still listed.
alive() {
  kill -0 "$1" 2>/dev/null || return 1
  case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null || :) in
    Z* | X* | '') return 1 ;;
  esac
}`;

const endMarked = `# End every process with $1 in its environment. A look without reading each: few have it.
end_marked() {
  marked=
  for environ in $(grep -l -F -e "$1" /proc/[0-9]*/environ 2>/dev/null || :); do
    pid=\${environ#/proc/}
    pid=\${pid%/environ}
    [ "$pid" = "$$" ] && continue
    if { tr '\\000' '\\n' <"$environ"; } 2>/dev/null | grep -q -x -F -e "$1"; then marked="$marked $pid"; fi
  done
  # shellcheck disable=SC2086 # a list of numbers
  end_pids "$2" $marked
}`;

const endController = `# End the Lastgood processes that have the file $1 open, also where it was deleted meanwhile.
end_controller() {
  holders=$(ls -l /proc/[0-9]*/fd 2>/dev/null | wanted=$1 awk '
    /^\\/proc\\/[0-9]+\\/fd:$/ { pid = $0; gsub(/[^0-9]/, "", pid); next }
    { at = index($0, " -> "); if (at == 0) next
      to = substr($0, at + 4); sub(/ \\(deleted\\)$/, "", to)
      if (to == ENVIRON["wanted"] && !seen[pid]++) print pid }' || :)
  for pid in $holders; do
    { tr '\\000' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -q -F lastgood || continue
    unit=$(sed -n 's|.*/\\([^/]*lastgood[^/]*\\.service\\)$|\\1|p' "/proc/$pid/cgroup" 2>/dev/null | head -n 1)
    if [ -n "$unit" ]; then run systemctl stop "$unit" || :; fi
    # It may be in the middle of something that it would rather finish: it is not asked.
    say "   + kill -9 $pid"
    kill -9 "$pid" 2>/dev/null || :
  done
}`;

const answers = `# Ask $1 up to $2 times, a second apart, with what is there to ask with.
until_answers() {
  if command -v curl >/dev/null 2>&1; then
    answers() { curl -fsS -o /dev/null --max-time 2 "$1" 2>/dev/null; }
  elif command -v wget >/dev/null 2>&1; then
    answers() { wget -q -O /dev/null -T 2 "$1" 2>/dev/null; }
  else
    say "   Neither curl nor wget is here: look at $1 yourself."
    return 0
  fi
  tries=$2
  until answers "$1"; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 1
  done
  # Somebody else may have the port: then it is not ours that answers.
  for pid in \${started:-}; do alive "$pid" || return 1; done
  say "   $1 answers."
}`;

const start = `# Start the kept script $1 for good; its output goes to $2.
start() {
  say "   + $1 (its output: $2)"
  if command -v setsid >/dev/null 2>&1; then
    nohup setsid env -i /bin/sh "$1" "$kept" >>"$2" 2>&1 </dev/null &
  else
    nohup env -i /bin/sh "$1" "$kept" >>"$2" 2>&1 </dev/null &
  fi
  started="\${started:-} $!"
}`;

const untilListed = `# One more second of waiting, of those that are left in $tries.
wait_more() {
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || return 1
  sleep 1
}`;

/** Only the functions that these acts call. */
export function prelude(acts: readonly HandAct[]): string {
  const used = (kind: HandAct["act"]) => acts.some((one) => one.act === kind);
  return [
    basic,
    ...(used("end-marked") || used("until-answers") ? [alive] : []),
    ...(used("end-marked") ? [endPids, endMarked] : []),
    ...(used("end-controller") ? [endController] : []),
    ...(used("until-answers") ? [answers] : []),
    ...(used("until-listed") ? [untilListed] : []),
    ...(used("start") ? [start] : []),
  ].join("\n\n");
}

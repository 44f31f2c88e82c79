// What the ssh client said, as a problem that says what to do.
import { type Err, type Problem, problem } from "../core/result.ts";

type Reason = {
  readonly says: RegExp;
  readonly code: Problem["code"];
  readonly what: string;
  readonly next: (name: string) => string;
};

const reasons: readonly Reason[] = [
  {
    says: /REMOTE HOST IDENTIFICATION HAS CHANGED|host key .* has changed/i,
    code: "refused",
    what: "shows another host key than the one that was accepted",
    next: (name) =>
      `find out why: a new installation, or somebody in between. If it is right: lastgood host add ${name} … again`,
  },
  {
    says: /No .* host key is known|Host key verification failed/i,
    code: "refused",
    what: "shows a host key that nobody has accepted",
    next: (name) => `compare its fingerprint and accept it: lastgood host add ${name} <user@host>`,
  },
  {
    says: /Permission denied|Too many authentication failures|no such identity/i,
    code: "refused",
    what: "does not let us in",
    next: () => "put our public key into its authorized_keys, or give the right user and key",
  },
  {
    says: /Could not resolve hostname/i,
    code: "unreachable",
    what: "can't be found by its name",
    next: () => "check the name, and the name servers of this machine",
  },
  {
    says: /Connection refused/i,
    code: "unreachable",
    what: "refuses connections on that port",
    next: () => "check that sshd runs there, and its port",
  },
  {
    says: /timed out|No route to host|Network is unreachable/i,
    code: "unreachable",
    what: "does not answer",
    next: () => "check that the machine is up, and the network and firewalls between",
  },
];

/** `name` is ours for the host, `said` what ssh wrote on standard error. Nothing has begun there. */
export function connectProblem(name: string, said: string): Err<Problem> {
  const reason = reasons.find(({ says }) => says.test(said));
  if (reason !== undefined)
    return problem(reason.code, `host ${name} ${reason.what}`, reason.next(name), name);
  const line = said.trim().split("\n").at(-1) ?? "";
  const what = `host ${name} can't be reached over ssh${line === "" ? "" : `: ${line}`}`;
  return problem("unreachable", what, `try it: lastgood host check ${name}`, name);
}

import type { Result } from "../core/result.ts";
import type { Host } from "./host.ts";

/** A machine that a person has vouched for, by the fingerprint of its key. */
export type KnownHost = {
  /** Ours: letters, digits and dashes. */
  readonly name: string;
  readonly user: string;
  readonly host: string;
  readonly port: number;
  /** A private key on this machine; null for what the user has anyway (agent, default keys). */
  readonly identityFile: string | null;
  readonly key: HostKey;
};

export type HostKey = {
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`. */
  readonly type: string;
  /** As in known_hosts, base64. */
  readonly blob: string;
  /** `SHA256:…`, as ssh shows it. */
  readonly fingerprint: string;
};

/** Remote machines and the keys that they were accepted with. */
export interface HostBook {
  /** The keys that a machine shows right now, best kind first. Nothing is trusted by this. `unreachable`. */
  scan(host: string, port: number): Promise<Result<readonly HostKey[]>>;
  /** By name. A damaged entry is `damaged`, with its file. */
  all(): Promise<Result<readonly KnownHost[]>>;
  /** Trust it from now on, in the place of any other of this name. */
  put(host: KnownHost): Promise<Result<void>>;
  remove(name: string): Promise<Result<void>>;
  /** Runs commands there. Connects when it is first used. */
  open(host: KnownHost): Host;
}

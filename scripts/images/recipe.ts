// What goes into an image: files of this machine, a few texts of ours, and how docker shall run it.

export type Recipe = {
  /** The first is the image's name, the others are further names of the same image. */
  readonly tags: readonly [string, ...string[]];
  /** A folder that the root begins with, and what it was made of; the rest comes on top. */
  readonly base?: { readonly root: string; readonly digest: string };
  /** Programs by absolute path; the libraries that they load come along. `as` puts one elsewhere. */
  readonly programs: readonly { readonly path: string; readonly as?: string }[];
  /** Files and folders that are copied as they are, to the same path. */
  readonly copies?: readonly string[];
  /** Leave these out of what is copied. */
  readonly without?: RegExp;
  readonly texts?: Readonly<Record<string, { readonly text: string; readonly mode?: number }>>;
  /** Path → what it points to. */
  readonly links?: Readonly<Record<string, string>>;
  readonly folders?: readonly Folder[];
  /** Lines of a Dockerfile: CMD, ENTRYPOINT, ENV, USER, … */
  readonly settings: readonly string[];
  /** What `docker stop` sends; SIGTERM without it. */
  readonly stopSignal?: string;
};

/** An empty folder; `owner` is user and group id, 0 without it. */
export type Folder = { readonly path: string; readonly mode?: number; readonly owner?: number };

/** User and group ids inside our images; the names that official images have. */
export const users = {
  root: 0,
  postgres: 999,
  redis: 998,
  nginx: 101,
  wwwData: 33,
  node: 1000,
  nobody: 65534,
};

const home = "/nonexistent";
const passwd = Object.entries({ ...users, wwwData: undefined, "www-data": users.wwwData })
  .filter((entry): entry is [string, number] => entry[1] !== undefined)
  .map(([name, id]) => ({ name, id }));

/** What every root needs beside its programs. */
export const commonTexts: Readonly<Record<string, { readonly text: string; readonly mode?: number }>> = {
  "/etc/passwd": {
    text: passwd
      .map(({ name, id }) => `${name}:x:${id}:${id}:${name}:${id === 0 ? `/${name}` : home}:/bin/sh\n`)
      .join(""),
  },
  "/etc/group": { text: passwd.map(({ name, id }) => `${name}:x:${id}:\n`).join("") },
  "/etc/nsswitch.conf": { text: "passwd: files\ngroup: files\nhosts: files dns\n" },
};

const commonNames = [
  "proc",
  "sys",
  "dev",
  "run",
  "root",
  "tmp",
  "var/lib",
  "var/log",
  "usr/local/bin",
  "etc",
];

export const commonFolders: readonly Folder[] = commonNames.map((name) => ({
  path: `/${name}`,
  mode: name === "tmp" ? 0o1777 : 0o755,
}));

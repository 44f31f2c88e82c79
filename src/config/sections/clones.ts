// `clones:` copies of the whole server on a file system that shares blocks between files.
import { z } from "zod";
import { complain, count, name, path } from "../values.ts";

/** A socket's path has 107 characters at most, and our folders come on top. */
const folderCharsMax = 48;

export const clones = z
  .strictObject({
    folder: path("/var/lib/postgresql/lastgood").meta({
      description:
        "A folder of the server's system user, on the file system of the server's own files (XFS with reflink=1, or btrfs), and not among them.",
    }),
    user: name("postgres").prefault("postgres").meta({
      description: "The system user of the server. The controller runs as root, or as this one.",
    }),
    keep: count(1, 100).prefault(3).meta({
      description:
        "How many clones are kept. They cost nothing at first, and what the server rewrites since.",
    }),
  })
  .superRefine(({ folder }, context) => {
    if (folder.length > folderCharsMax)
      complain(context, ["folder"], {
        what: `${folder} is too long for a socket in it`,
        fix: `name a folder of at most ${folderCharsMax} characters`,
      });
  });

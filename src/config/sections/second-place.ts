// `backups: second:` another place for copies of the backups: a folder, another machine, or an object store.
import { z } from "zod";
import { complain, name, path, text, url, variableName } from "../values.ts";

const folder = z.strictObject({
  kind: z.literal("folder").meta({
    description:
      "folder: another disk, or another machine's mount. host: another machine over ssh. s3: an S3-compatible object store.",
  }),
  path: path("/mnt/backups/shop").meta({
    description:
      "The folder. It must be there already: a mount that is missing must not fill the disk beneath it.",
  }),
});

const host = z.strictObject({
  kind: z.literal("host").meta({ description: "Another machine, over ssh." }),
  host: name("backup-1").meta({ description: "A name from `lastgood host list`." }),
  folder: text("path on that machine", "/srv/backups/shop", /^\/[^\0]*$/).meta({
    description: "The folder there. It must be there already.",
  }),
});

const bucketName = /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}$/;
const prefix = /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/;
const word = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;

const encryption = z.strictObject({
  method: z.enum(["AES256", "aws:kms"]).meta({
    description: "AES256: with the store's own key. aws:kms: with a key of the store's key service.",
  }),
  kmsKey: text("key name", "arn:aws:kms:eu-central-1:111122223333:key/1234", /^[\x21-\x7e]{1,300}$/)
    .optional()
    .meta({ description: "Which key of the key service. Without it: its default." }),
});

const s3 = z
  .strictObject({
    kind: z.literal("s3").meta({ description: "An S3-compatible object store." }),
    endpoint: url("https://s3.eu-central-1.amazonaws.com").meta({
      description: "The store's address, without a bucket.",
    }),
    region: text("region", "eu-central-1", word)
      .prefault("us-east-1")
      .meta({ description: "The region that requests are signed for. Stores without regions take any." }),
    bucket: text("bucket name", "shop-backups", bucketName).meta({
      description: "It must be there already.",
    }),
    prefix: text("prefix", "production", prefix).optional().meta({
      description: "What all names in the bucket begin with. One for each environment that shares a bucket.",
    }),
    style: z.enum(["path", "host"]).prefault("path").meta({
      description: "path: https://endpoint/bucket/name. host: https://bucket.endpoint/name.",
    }),
    keyIdFile: path("s3.key-id")
      .optional()
      .meta({ description: "A file whose content is the id of the access key." }),
    keyIdVariable: variableName()
      .optional()
      .meta({
        instead: "keyIdFile",
        description: "The variable of the controller's own environment that holds it.",
        examples: ["LASTGOOD_S3_KEY_ID"],
      }),
    secretFile: path("s3.secret")
      .optional()
      .meta({ description: "A file whose content is the secret of the access key. It is never shown." }),
    secretVariable: variableName()
      .optional()
      .meta({
        instead: "secretFile",
        description: "The variable of the controller's own environment that holds it.",
        examples: ["LASTGOOD_S3_SECRET"],
      }),
    encryption: encryption.optional().meta({
      description:
        "How the store encrypts what it keeps. It holds that key itself: database: encryptionKeyFile closes backups before they leave this machine.",
    }),
    storageClass: text("storage class", "STANDARD_IA", /^[A-Z][A-Z0-9_]{1,40}$/)
      .optional()
      .meta({
        description:
          "The storage class of the backups' files. Not one that has to be thawed before it can be read: a restore would wait for hours.",
      }),
    caFile: path("store-ca.pem")
      .optional()
      .meta({ description: "Certificates (PEM) that are trusted in the place of the system's." }),
  })
  .superRefine((given, context) => {
    for (const [file, variable] of [
      ["keyIdFile", "keyIdVariable"],
      ["secretFile", "secretVariable"],
    ] as const) {
      if ((given[file] === undefined) !== (given[variable] === undefined)) continue;
      const what = `an object store has one of ${file} and ${variable}`;
      complain(context, [file], { what, fix: "write one of them" });
    }
  });

export const second = z.discriminatedUnion("kind", [folder, host, s3]);

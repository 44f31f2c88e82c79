// A process of its own: an S3 server that others wrote. Arguments: folder, port, bucket.
import S3rver from "@20minutes/s3rver";

const [directory, port, name] = process.argv.slice(2);
const own = { directory, address: "127.0.0.1", port: Number(port), vhostBuckets: false, silent: true };
await new S3rver({ ...own, configureBuckets: [{ name, configs: [] }] }).run();

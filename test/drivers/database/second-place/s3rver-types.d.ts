// What we use of an S3 server that comes without types.
declare module "@20minutes/s3rver" {
  class S3rver {
    constructor(options: Readonly<Record<string, unknown>>);
    run(): Promise<unknown>;
  }
  export = S3rver;
}

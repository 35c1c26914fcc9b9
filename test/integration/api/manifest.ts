/** A MediaJob as a user writes it: what the test leaves out is filled by the API. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: Record<string, unknown>;
  spec: Record<string, unknown>;
}

/** A small valid manifest; the fields of `spec` and `metadata` replace or add to it, undefined ones remove. */
export function manifest({ spec = {}, metadata = {} }: { spec?: object; metadata?: object } = {}): Manifest {
  const complete = {
    apiVersion: "mediajob.dev/v1alpha1",
    kind: "MediaJob",
    metadata: { name: "row", ...metadata },
    spec: { sources: [source("beach")], outputs: [thumbnail("thumb")], destination: destination(), ...spec },
  };
  return JSON.parse(JSON.stringify(complete)); // drops what is undefined
}

export const source = (name: string, path = `in/${name}.jpg`) => ({
  name,
  volume: { claimName: "media", path },
});

export const thumbnail = (name: string, image: object = {}) => ({
  name,
  image: { format: "webp", width: 320, ...image },
});

export const clip = (name: string, video: object = {}) => ({ name, video: { height: 720, ...video } });

export const destination = (fields: object = {}) => ({
  volume: { claimName: "media", path: "out/" },
  ...fields,
});

export const webhook = (fields: object = {}) => ({
  name: "ops",
  url: "https://hooks.example.test/mediajob",
  secretRef: { name: "webhook-secret" },
  ...fields,
});

/** As many items as asked for, each made from its number. */
export const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

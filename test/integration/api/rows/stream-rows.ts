import { accepted, type Row, refused } from "../row.ts";

const stream = (fields: object) => ({ spec: { outputs: [{ name: "play", stream: fields }] } });

const encryption = (fields: object = {}) => ({
  method: "cbcs",
  keySecretRef: { name: "film" },
  keyUri: "https://keys.example.com/film",
  ...fields,
});

const field = (name: string) => `spec.outputs[0].stream.${name}`;

export const streamRows: Row[] = [
  accepted("a stream with nothing but defaults", stream({})),
  accepted(
    "a stream with every field",
    stream({
      protocols: ["hls", "dash"],
      codec: "av1",
      ladder: "Explicit",
      renditions: [{ height: 360, bitrateKbps: 500 }],
      segmentSeconds: 4,
      crf: 40,
      preset: "veryfast",
      fps: 25,
      audio: { bitrateKbps: 96, tracks: "First", loudness: {} },
      subtitles: "None",
      thumbnails: { everySeconds: 10, width: 240 },
      encryption: encryption({ keyId: "00112233445566778899aabbccddeeff" }),
    }),
  ),
  accepted("thumbnails with their defaults", stream({ thumbnails: {} })),
  accepted(
    "AES-128 for HLS alone, with a key beside the playlists",
    stream({ protocols: ["hls"], encryption: encryption({ method: "AES-128", keyUri: "../keys/film" }) }),
  ),
  refused("a protocol nobody knows", stream({ protocols: ["smooth"] }), {
    field: field("protocols[0]"),
    server: 'supported values: "hls", "dash"',
    offline: "hls",
  }),
  refused("no protocol", stream({ protocols: [] }), {
    field: field("protocols"),
    server: "should have at least 1 items",
    offline: "a list of 1 to 2 items",
  }),
  refused("an explicit ladder without renditions", stream({ ladder: "Explicit" }), {
    field: field("renditions"),
    server: "ladder Explicit needs renditions, and only it takes them",
  }),
  refused(
    "renditions beside the automatic ladder",
    stream({ renditions: [{ height: 360, bitrateKbps: 500 }] }),
    {
      field: field("renditions"),
      server: "ladder Explicit needs renditions, and only it takes them",
    },
  ),
  accepted(
    "HDR that is kept in ten bits",
    stream({ codec: "h265", dynamicRange: "Source", audio: { surround: "None" } }),
  ),
  refused("HDR in h264, which has eight bits", stream({ dynamicRange: "Source" }), {
    field: field("dynamicRange"),
    server: "dynamicRange Source needs 10 bits: codec h265 or av1",
  }),
  refused("a crf of av1 for h264", stream({ crf: 60 }), {
    field: field("crf"),
    server: "crf goes from 0 to 51 for h264 and h265",
  }),
  refused("lossless h264, which players do not take", stream({ crf: 0 }), {
    field: field("crf"),
    server: "crf 0 is lossless in h264",
  }),
  accepted("the same number for h265, where it is not lossless", stream({ codec: "h265", crf: 0 })),
  refused("thumbnails more often than each second", stream({ thumbnails: { everySeconds: 0 } }), {
    field: field("thumbnails.everySeconds"),
    server: "should be greater than or equal to 1",
    offline: "1 to 3600",
  }),
  refused("AES-128 for DASH", stream({ encryption: encryption({ method: "AES-128" }) }), {
    field: field("encryption"),
    server: "DASH knows no AES-128: take cbcs, or protocols [hls]",
  }),
  refused(
    "a key id for AES-128",
    stream({ protocols: ["hls"], encryption: encryption({ method: "AES-128", keyId: "0".repeat(32) }) }),
    { field: field("encryption.keyId"), server: "keyId is only for cbcs: AES-128 has no key id" },
  ),
  accepted(
    "a key that FairPlay fetches",
    stream({
      encryption: encryption({ keyUri: "skd://film", keyFormat: "com.apple.streamingkeydelivery" }),
    }),
  ),
  refused(
    "a key format of AES-128",
    stream({ protocols: ["hls"], encryption: encryption({ method: "AES-128", keyFormat: "identity" }) }),
    {
      field: field("encryption.keyFormat"),
      server: "keyFormat is only for cbcs: AES-128 is identity alone",
    },
  ),
  refused("encryption without a key", stream({ encryption: encryption({ keySecretRef: undefined }) }), {
    field: field("encryption.keySecretRef"),
    server: "Required value",
    offline: "required",
  }),
  refused(
    "a keyUri that would end the playlist's quotes",
    stream({ encryption: encryption({ keyUri: 'a"b' }) }),
    {
      field: field("encryption.keyUri"),
      server: "should match",
      offline: "match",
    },
  ),
  refused("a key id that is none", stream({ encryption: encryption({ keyId: "g".repeat(32) }) }), {
    field: field("encryption.keyId"),
    server: "should match",
    offline: "match",
  }),
];

import { clip } from "../manifest.ts";
import { accepted, type Row, refused } from "../row.ts";

const video = (fields: object) => ({ spec: { outputs: [clip("web", fields)] } });
const field = (name: string) => `spec.outputs[0].video.${name}`;

/** What is laid over a video, made between its frames, or joined to it. */
export const videoRows: Row[] = [
  accepted(
    "a video with a watermark, subtitles and timecode in the picture",
    video({
      watermark: {
        path: "logo.png",
        gravity: "northeast",
        scale: 0.1,
        margin: 0,
        opacity: 0.5,
        startSeconds: 1,
      },
      burnIn: { subtitles: { language: "eng" }, timecode: {} },
    }),
  ),
  accepted("a video with subtitles of a file", video({ burnIn: { subtitles: { path: "in/eng.srt" } } })),
  accepted("a video with subtitles beside it", video({ subtitleFiles: ["vtt", "srt"] })),
  accepted("a video with frames between its frames", video({ interpolate: { fps: 120 } })),
  accepted("a video of twice the size", video({ height: undefined, upscale: 2 })),
  accepted("a video with other sources after it", video({ appendSources: ["second", "third"] })),
  accepted("a video with others after it", video({ append: ["in/second.mp4", "in/third.mov"] })),
  accepted(
    "a video of a profile that holds its pixel format",
    video({ profile: "high422", pixelFormat: "yuv420p10le", crf: 0 }),
  ),
  ...[
    {
      codec: "h264",
      profile: "main",
      pixelFormat: "yuv422p",
      holds: "h264 baseline, main, high holds yuv420p",
    },
    { codec: "h265", profile: "main", pixelFormat: "yuv420p10le", holds: "h265 main holds yuv420p" },
    { codec: "prores", profile: "hq", pixelFormat: "yuv444p10le", holds: "hq holds yuv422p10le" },
    { codec: "prores", profile: "4444", pixelFormat: "yuv422p10le", holds: "4444 holds yuv444p10le" },
    { codec: "dnxhr", profile: "sq", pixelFormat: "yuv422p10le", holds: "lb, sq, hq holds yuv422p" },
  ].map(({ holds, ...wish }) =>
    refused(`${wish.codec} ${wish.profile} of ${wish.pixelFormat}`, video({ container: "mkv", ...wish }), {
      field: field("pixelFormat"),
      server: holds,
    }),
  ),
  refused("lossless h264 of a profile", video({ profile: "high", crf: 0 }), {
    field: field("crf"),
    server: "none of the profiles is",
  }),
  refused("HDR of 8 bits", video({ codec: "h265", dynamicRange: "Source", pixelFormat: "yuv420p" }), {
    field: field("pixelFormat"),
    server: "take one that ends in 10le",
  }),
  refused("a level that h264 has not", video({ level: "4.3" }), {
    field: field("level"),
    server: "h264 has the levels 1.0",
  }),
  refused("a level that h265 has not", video({ codec: "h265", level: "1.1" }), {
    field: field("level"),
    server: "h265 has the levels 1.0",
  }),
  accepted("a level without a decimal", video({ codec: "h265", level: "4" })),
  refused("mp3 of more than two channels", video({ audio: { codec: "mp3", channels: "5.1" } }), {
    field: field("audio.channels"),
    server: "mp3 has two channels at most",
  }),
  refused("mp3 of more bits than it has", video({ audio: { codec: "mp3", bitrateKbps: 321 } }), {
    field: field("audio.bitrateKbps"),
    server: "mp3 has 320 kbit/s at most",
  }),
  accepted("mp3 of as many bits as it has", video({ audio: { codec: "mp3", bitrateKbps: 320 } })),
  refused("HDR in main", video({ codec: "h265", dynamicRange: "Source", profile: "main" }), {
    field: field("profile"),
    server: "take main10",
  }),
  ...[{ loudness: {} }, { channels: "Mono" }, { sampleRateHz: 44_100 }, { bitrateKbps: 96 }].map((audio) =>
    refused(
      `another sound, ${Object.keys(audio)}, beside copied pictures, where sound is copied too`,
      video({ codec: "copy", height: undefined, audio }),
      { field: field("audio.codec"), server: "beside codec copy the sound is copied too" },
    ),
  ),
  accepted(
    "pictures that are copied, and sound that is levelled",
    video({ codec: "copy", height: undefined, audio: { codec: "aac", loudness: {} } }),
  ),
  refused(
    "a bitrate of sound that has none",
    video({ codec: "prores", container: "mov", audio: { bitrateKbps: 128 } }),
    { field: field("audio.bitrateKbps"), server: "beside prores and dnxhr the sound is pcm" },
  ),
  refused("fields of copied pictures", video({ codec: "copy", height: undefined, deinterlace: "Always" }), {
    field: field("deinterlace"),
    server: "deinterlace needs another codec",
  }),
  refused(
    "a waveform of nothing",
    { spec: { outputs: [{ name: "sound", audio: { waveform: { json: false } } }] } },
    {
      field: "spec.outputs[0].audio.waveform",
      server: "a waveform needs json or png",
    },
  ),
  refused("a watermark without a file", video({ watermark: {} }), {
    field: field("watermark.path"),
    server: "Required value",
    offline: "required",
  }),
  refused("a watermark outside the volume", video({ watermark: { path: "../logo.png" } }), {
    field: field("watermark.path"),
    server: "..",
  }),
  refused("a watermark wider than the picture", video({ watermark: { path: "logo.png", scale: 2 } }), {
    field: field("watermark.scale"),
    server: "should be less than or equal to 1",
    offline: "got 2",
  }),
  refused(
    "a watermark that goes before it comes",
    video({ watermark: { path: "logo.png", startSeconds: 5, endSeconds: 5 } }),
    { field: field("watermark.endSeconds"), server: "endSeconds must be greater than startSeconds" },
  ),
  refused("burnIn of nothing", video({ burnIn: {} }), {
    field: field("burnIn"),
    server: "burnIn needs subtitles or timecode",
  }),
  refused(
    "subtitles of a track and of a file",
    video({ burnIn: { subtitles: { language: "eng", path: "eng.srt" } } }),
    { field: field("burnIn.subtitles"), server: "set at most one of language and path" },
  ),
  refused("burnIn with cuts", video({ burnIn: { timecode: {} }, cuts: [{ startSeconds: 1 }] }), {
    field: field("burnIn"),
    server: "burnIn cannot be set with cuts, speed or append",
  }),
  refused("interpolate with fps", video({ interpolate: { fps: 60 }, fps: 30 }), {
    field: field("interpolate"),
    server: "interpolate decides the frame rate itself",
  }),
  refused("upscale with a height", video({ upscale: 2, height: 720 }), {
    field: field("upscale"),
    server: "upscale decides the size itself",
  }),
  refused("append with cuts", video({ append: ["b.mp4"], cuts: [{ startSeconds: 1 }] }), {
    field: field("append"),
    server: "append cannot be set with cuts",
  }),
  refused("append of files and of sources", video({ append: ["b.mp4"], appendSources: ["other"] }), {
    field: field("appendSources"),
    server: "set either append or appendSources",
  }),
  refused("appended sources with cuts", video({ appendSources: ["other"], cuts: [{ startSeconds: 1 }] }), {
    field: field("append"),
    server: "append cannot be set with cuts",
  }),
  refused("append with all tracks", video({ append: ["b.mp4"], audio: { tracks: "All" } }), {
    field: field("audio"),
    server: "append joins one audio track",
  }),
  refused("append with subtitles", video({ append: ["b.mp4"], subtitles: "Keep" }), {
    field: field("append"),
    server: "subtitles of appended files cannot be joined",
  }),
  refused("subtitle files with speed", video({ subtitleFiles: ["vtt"], speed: 2 }), {
    field: field("subtitleFiles"),
    server: "subtitleFiles cannot be set with cuts or speed",
  }),
  refused(
    "a watermark on copied packets",
    video({ codec: "copy", height: undefined, watermark: { path: "a.png" } }),
    {
      field: field("watermark"),
      server: "watermark needs another codec",
    },
  ),
];

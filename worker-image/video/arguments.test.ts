import { expect, test } from "vitest";
import { FILES, list, plan, SOUND, source, valueAfter } from "../../test/builders/video.ts";
import { loudnessArguments, renditionArguments } from "./arguments.ts";

test("the plain case is one input, one graph, one output", () => {
  const arguments_ = list({ height: 720, preset: "fast", crf: 21 });
  expect(arguments_.filter((token) => token === "-i")).toHaveLength(1);
  expect(valueAfter(arguments_, "-filter_complex")).toBe(
    "[0:0]scale=1280:720:flags=lanczos+accurate_rnd,setsar=1[picture];" +
      "[0:1]aresample=async=1:min_hard_comp=0.1:first_pts=0,aresample=48000[sound0]",
  );
  expect(valueAfter(arguments_, "-crf:v")).toBe("21");
  expect(valueAfter(arguments_, "-preset:v")).toBe("fast");
  expect(valueAfter(arguments_, "-b:a:0")).toBe("128k");
  expect(valueAfter(arguments_, "-movflags")).toBe("+faststart");
  expect(arguments_.at(-1)).toBe("file:/out/x.mp4");
});

test("every token is an element of its own: a path with spaces stays whole", () => {
  expect(list({})).toContain("file:/in/a b.mp4");
});

test.each([
  { name: "later", start: "0.021", moved: "PTS+0.019/TB" },
  { name: "earlier", start: "0.015", moved: "PTS+-0.015/TB" },
  { name: "nowhere where they are on them", start: "0.040", moved: undefined },
])(
  "pictures between two frames of their rate go to the nearest, and the sound with them: $name",
  ({ start, moved }) => {
    const graph = valueAfter(list({}, source({ video: { start_time: start } })), "-filter_complex");
    if (!moved) return expect(graph).not.toContain("setpts");
    expect(graph).toContain(`[0:0]setpts=${moved}[picture]`);
    expect(graph).toContain(`[0:1]asetpts=${moved},aresample=async=1`);
  },
);

test("several cuts open the source as often and are joined", () => {
  const arguments_ = list({ cuts: [{ startSeconds: 1, endSeconds: 2.5 }, { startSeconds: 10 }] });
  expect(arguments_.filter((token) => token === "-i")).toHaveLength(2);
  expect(
    arguments_.flatMap((token, at) => (token === "-ss" || token === "-t" ? [arguments_[at + 1]] : [])),
  ).toEqual(["0", "1.52", "9", "50"]);
  expect(valueAfter(arguments_, "-itsoffset")).toBe("-1");
  expect(valueAfter(arguments_, "-filter_complex")).toContain(
    "[0:0][1:0]concat=n=2:v=1:a=0[picture];[0:1]aresample",
  );
  expect(valueAfter(arguments_, "-filter_complex")).toContain(
    "atrim=duration=1.52[sound0span0];[1:1]aresample=async=1:min_hard_comp=0.1:first_pts=0[sound0span1];[sound0span0][sound0span1]concat=n=2:v=0:a=1",
  );
});

test("cuts of a source without an index are read from its start, since a seek would miss pictures", () => {
  const cuts = [{ startSeconds: 20, endSeconds: 21 }, { startSeconds: 30 }];
  const arguments_ = list({ cuts }, source({ format: { format_name: "mpegts" } }));
  expect(arguments_).not.toContain("-ss");
  expect(arguments_.flatMap((token, at) => (token === "-t" ? [arguments_[at + 1]] : []))).toEqual([
    "21",
    "60",
  ]);
  const graph = valueAfter(arguments_, "-filter_complex");
  expect(graph).toContain("[0:0]trim=start=20:end=21,setpts=round(PTS-20/TB)[picturecut0];");
  expect(graph).toContain("[picturecut0][picturecut1]concat=n=2:v=1:a=0[picture]");
  expect(graph).toContain("[1:1]atrim=start=30:end=60,asetpts=round(PTS-30/TB)[sound0cut1];[sound0cut0]");
});

test.each([
  {
    name: "an interlaced source is deinterlaced",
    video: { field_order: "tt" },
    output: {},
    filter: "bwdif=mode=send_frame:parity=auto:deint=interlaced",
  },
  {
    name: "Always asks nobody",
    video: {},
    output: { deinterlace: "Always" },
    filter: "bwdif=mode=send_frame:parity=auto:deint=all",
  },
  {
    name: "HDR becomes BT.709",
    video: { color_transfer: "smpte2084" },
    output: {},
    filter: "tonemap=tonemap=hable",
  },
  {
    name: "frames are dropped before they are scaled",
    video: { avg_frame_rate: "50/1", r_frame_rate: "50/1" },
    output: { fps: 25, height: 720 },
    filter: "fps=25/1,scale",
  },
  {
    name: "frames are repeated after they are scaled",
    video: {},
    output: { fps: 50, height: 720 },
    filter: "setsar=1,fps=50/1",
  },
  {
    name: "cuts have as many frames as the rate gives them",
    video: {},
    output: {
      fps: 50,
      cuts: [
        { startSeconds: 1, endSeconds: 1.2 },
        { startSeconds: 2, endSeconds: 2.4 },
      ],
    },
    filter: "fps=50/1,trim=end_frame=30",
  },
  { name: "double speed keeps the rate", video: {}, output: { speed: 2 }, filter: "setpts=PTS/2,fps=25/1" },
  {
    name: "narrow pixels become square",
    video: { width: 720, height: 576, sample_aspect_ratio: "64:45" },
    output: {},
    filter: "scale=1024:576",
  },
  {
    name: "cover cuts what is over",
    video: {},
    output: { width: 400, height: 400, fit: "cover" },
    filter: "scale=712:400:flags=lanczos+accurate_rnd,setsar=1,crop=400:400:exact=1",
  },
  {
    name: "contain adds bars",
    video: {},
    output: { width: 400, height: 400, fit: "contain", background: "#102030" },
    filter: "format=gbrp12le,pad=400:400:(ow-iw)/2:(oh-ih)/2:color=0x102030,scale=out_color_matrix=bt709",
  },
  {
    name: "grey bars need no other format",
    video: {},
    output: { width: 400, height: 400, fit: "contain", background: "#303030" },
    filter: "setsar=1,pad=400:400:(ow-iw)/2:(oh-ih)/2:color=0x303030[picture]",
  },
  {
    name: "HDR is mapped to what the output holds, before new frames and bars are made",
    video: { color_transfer: "smpte2084", pix_fmt: "yuv420p10le" },
    output: {
      ...{ codec: "prores", container: "mov", interpolate: { fps: 50 } },
      ...{ width: 400, height: 400, fit: "contain" },
    },
    filter:
      "zscale=t=bt709:m=bt709:r=tv,format=yuv422p10le,tpad=stop=2:stop_mode=clone,minterpolate=fps=50/1",
  },
])("$name", ({ video, output, filter }) =>
  expect(valueAfter(list(output, source({ video })), "-filter_complex")).toContain(filter),
);

test.each([
  { name: "h264", output: {}, marked: true },
  { name: "prores", output: { codec: "prores", container: "mov" }, marked: true },
  { name: "only narrower", output: { width: 1280, height: 1080, fit: "fill" }, marked: true },
  { name: "h265", output: { codec: "h265" }, warning: "FieldsUnmarked" },
  { name: "h264 of a profile without fields", output: { profile: "baseline" }, warning: "FieldsUnmarked" },
  { name: "upside down", output: { flip: "Vertical" }, warning: "FieldsUnmarked" },
  {
    name: "cut between the fields",
    output: { crop: { top: 1, width: 640, height: 480 } },
    warning: "FieldsUnmarked",
  },
  { name: "scaled", output: { height: 720 }, warning: "InterlacedScaled" },
])("fields that are kept are said where they can be: $name", ({ output, marked = false, warning }) => {
  const record = source({ video: { field_order: "tt" } });
  const wish = { deinterlace: "Never", ...output };
  expect(list(wish, record).join(" ").includes("-flags:v +ildct+ilme")).toBe(marked);
  expect(plan(wish, record).warnings.map(({ reason }) => reason)).toEqual(warning ? [warning] : []);
});

test("Never leaves fields alone and SDR is not tone-mapped", () => {
  const graph = valueAfter(
    list({ deinterlace: "Never" }, source({ video: { field_order: "tt" } })),
    "-filter_complex",
  );
  expect(graph).not.toMatch(/bwdif|tonemap/);
});

test.each([
  { container: "mp4", codec: "hevc", profile: undefined, tag: "hvc1" },
  { container: "mov", codec: "hevc", profile: 8, tag: "hvc1" },
  { container: "mkv", codec: "hevc", profile: undefined, tag: undefined },
  { container: "mp4", codec: "h264", profile: undefined, tag: undefined },
  { container: "mp4", codec: "hevc", profile: 5, tag: undefined },
])("$codec copied into $container has the tag $tag", ({ container, codec, profile, tag }) => {
  const side_data_list = profile
    ? [{ side_data_type: "DOVI configuration record", dv_profile: profile }]
    : [];
  const arguments_ = list(
    { codec: "copy", container },
    source({ video: { codec_name: codec, side_data_list } }),
  );
  expect(arguments_.includes("-tag:v") ? valueAfter(arguments_, "-tag:v") : undefined).toBe(tag);
});

test("copy has no graph and no encoder", () => {
  const arguments_ = list({ codec: "copy", container: "mkv" });
  expect(arguments_).not.toContain("-filter_complex");
  expect(valueAfter(arguments_, "-c:v")).toBe("copy");
  expect(valueAfter(arguments_, "-c:a")).toBe("copy");
});

test("the first of two passes writes no sound and no file", () => {
  const rendition = plan({ bitrateKbps: 800, twoPass: true });
  const arguments_ = renditionArguments(rendition, FILES, {
    rate: { ...rendition.rate, pass: 1, passLogFile: "/tmp/p" },
  });
  expect(arguments_.slice(-3)).toEqual(["-f", "null", "-"]);
  expect(arguments_).not.toContain("[sound0]");
  expect(valueAfter(arguments_, "-pass:v")).toBe("1");
});

test("loudness is measured on the very cuts that are kept", () => {
  const rendition = plan({
    cuts: [{ startSeconds: 5, endSeconds: 9 }],
    audio: { loudness: { integratedLufs: -16 } },
  });
  const first = rendition.tracks[0];
  const arguments_ = first ? loudnessArguments(rendition, first, FILES) : [];
  expect(valueAfter(arguments_, "-ss")).toBe("4");
  expect(valueAfter(arguments_, "-filter_complex")).toContain("loudnorm=I=-16:TP=-1:LRA=7:print_format=json");
});

test.each([
  { name: "kept", output: {}, expected: ["-timecode", "10:00:00:00"] },
  { name: "moved by a cut", output: { cuts: [{ startSeconds: 2 }] }, expected: ["-timecode", "10:00:02:00"] },
  {
    name: "that of the frame, not of the moment, where pictures begin late",
    output: { cuts: [{ startSeconds: 2 }] },
    video: { start_time: "0.021" },
    expected: ["-timecode", "10:00:02:00"],
  },
  { name: "left out with the metadata", output: { metadata: "Strip" }, expected: [] },
  { name: "left out where frames are new", output: { fps: 30 }, expected: [] },
])("the timecode is $name", ({ output, expected, video = {} }) => {
  const arguments_ = list(output, source({ video, format: { tags: { timecode: "10:00:00:00" } } }));
  const at = arguments_.indexOf("-timecode");
  expect(at === -1 ? [] : arguments_.slice(at, at + 2)).toEqual(expected);
});

test.each([
  { name: "of drop-frame at 25", rate: "30000/1001", timecode: "10:00:00;29", expected: "10\\:00\\:00\\:24" },
  { name: "of 50 frames at 25", rate: "50/1", timecode: "10:00:00:40", expected: "10\\:00\\:00\\:20" },
])("the timecode that is drawn is counted as the output does: $name", ({ rate, timecode, expected }) => {
  const record = source({
    video: { avg_frame_rate: rate, r_frame_rate: rate },
    format: { tags: { timecode } },
  });
  const graph = valueAfter(list({ fps: 25, burnIn: { timecode: {} } }, record), "-filter_complex");
  expect(graph?.replaceAll(/\\+/g, "\\")).toContain(`timecode=${expected}`);
});

test("Opus gets no more than it takes for each channel", () => {
  const audio = { codec: "opus", bitrateKbps: 512, channels: "Mono" };
  expect(valueAfter(list({ audio }), "-b:a:0")).toBe("256k");
  expect(valueAfter(list({ audio: { ...audio, channels: "Stereo" } }), "-b:a:0")).toBe("512k");
});

test("what the source's tags tell of its place and its first frame is removed wherever it stands", () => {
  const tags = { title: "kept", "LOCATION-ger": "x", "com.apple.quicktime.location.ISO6709": "x" };
  const record = source({ format: { tags }, streams: [{ ...SOUND, tags: { GPS_LATITUDE: "x" } }] });
  const text = list({}, record).join(" ");
  for (const tag of ["location-ger", "com.apple.quicktime.location.iso6709", "gps_latitude", "timecode"]) {
    expect(text).toContain(`-metadata ${tag}= `);
    expect(text).toContain(`-metadata:s ${tag}= `);
  }
  expect(text).not.toContain("title=");
});

test("the timecode that is wanted is set after that of the source was removed", () => {
  const record = source({ format: { tags: { timecode: "10:00:00:00", reel_name: "A1" } } });
  const text = list({ container: "mkv" }, record).join(" ");
  expect(text).toMatch(
    /-metadata:s timecode= .*-metadata:s:v:0 timecode=10:00:00:00 -metadata:s:v:0 reel_name=A1 /,
  );
});

test.each([
  { tag: "deu", expected: "ger" },
  { tag: "swe", expected: "sve" },
  { tag: "fre", expected: "fra" },
  { tag: "zho", expected: "chi" },
  { tag: "eng", expected: "eng" },
])("$tag is $expected in MOV, also of what is copied, and stays as it is elsewhere", ({ tag, expected }) => {
  const tags = { language: tag };
  const record = source({ streams: [{ ...SOUND, tags }] });
  const made = (output: Parameters<typeof list>[0]) => valueAfter(list(output, record), "-metadata:s:a:0");
  expect(made({ container: "mov" })).toBe(`language=${expected}`);
  expect(made({ container: "mov", audio: { codec: "copy" } })).toBe(`language=${expected}`);
  expect(made({ container: "mp4" })).toBe(`language=${tag}`);
});

test("what is stripped of its metadata keeps the languages of what is copied, and its fonts", () => {
  const tags = { language: "deu" };
  const text = { index: 2, codec_type: "subtitle", codec_name: "ass", tags };
  const font = { index: 3, codec_type: "attachment", codec_name: "ttf" };
  const record = source({ streams: [{ ...SOUND, tags }, text, font] });
  const wish = { container: "mkv", metadata: "Strip", subtitles: "Keep", audio: { codec: "copy" } };
  expect(list(wish, record).join(" ")).toContain(
    "-metadata:s:a:0 language=deu -metadata:s:s:0 language=deu -map_metadata:s:t:0 0:s:3 ",
  );
});

test.each([
  {
    name: "text is converted for MP4",
    codec: "ass",
    container: "mp4",
    expected: ["-map", "0:2", "-c:s:0", "mov_text"],
  },
  { name: "and for WebM", codec: "subrip", container: "webm", expected: ["-c:s:0", "webvtt"] },
  {
    name: "Matroska keeps styles, and the fonts that they name",
    codec: "ass",
    container: "mkv",
    expected: ["-map", "0:3", "-c:s:0", "copy", "-c:t", "copy"],
  },
  { name: "and pictures", codec: "hdmv_pgs_subtitle", container: "mkv", expected: ["-c:s:0", "copy"] },
  { name: "but not what is MP4's own", codec: "mov_text", container: "mkv", expected: ["-c:s:0", "subrip"] },
  {
    name: "pictures are left out elsewhere, with a warning",
    codec: "hdmv_pgs_subtitle",
    container: "mp4",
    expected: [],
    warned: 1,
  },
])("subtitles that are kept: $name", ({ codec, container, expected, warned = 0 }) => {
  const text = { index: 2, codec_type: "subtitle", codec_name: codec };
  const font = { index: 3, codec_type: "attachment", codec_name: "ttf" };
  const record = source({ streams: [SOUND, text, font] });
  const wish = { subtitles: "Keep", container, ...(container === "webm" && { codec: "vp9" }) };
  const arguments_ = list(wish, record);
  expect(arguments_.join(" ")).toContain((expected as string[]).join(" "));
  expect(arguments_.includes("-c:t")).toBe((expected as string[]).includes("-c:t"));
  expect(arguments_.includes("-c:s:0")).toBe(expected.length > 0);
  expect(plan(wish, record).warnings).toHaveLength(warned);
});

test("sound above 0 LUFS, which loudnorm refuses to be told of, is made quieter first", () => {
  const measured = { input_i: 2.5, input_tp: 9, input_lra: 1, input_thresh: -7.5, target_offset: 0.1 };
  const audio = { loudness: {} };
  const arguments_ = renditionArguments(plan({ audio }), FILES, { loudness: [measured] });
  expect(valueAfter(arguments_, "-filter_complex")).toMatch(
    /volume=-2.5dB,loudnorm=I=-23:[^,]*:measured_I=0:measured_TP=6.5:measured_LRA=1:measured_thresh=-10:/,
  );
});

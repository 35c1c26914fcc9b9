/**
 * How ffmpeg and ffprobe open a source. Both sniff a file's content whatever its name says, and some of the
 * formats they know are lists of other files: without these limits an ffconcat or HLS text named `.mp4` makes
 * them read whatever path or address it holds.
 */

/**
 * Demuxers of real media: everything in them is in the file itself. Left out on purpose: lists and manifests
 * (concat, hls, dash, imf, sdp), patterns (image2), devices, anything that fetches (rtsp, rtp), raw formats
 * that accept any bytes, and scripts. ffmpeg matches a demuxer when any of its own names is listed.
 */
export const DEMUXERS = [
  // video and its containers
  ...["mov", "matroska", "avi", "mpegts", "mpeg", "mpegvideo", "flv", "asf", "mxf", "ogg", "gxf", "dv"],
  ...["h264", "hevc", "m4v", "ivf", "obu", "nut", "rm", "wtv", "yuv4mpegpipe", "gif", "dnxhd", "vc1", "av1"],
  // audio
  ...["wav", "w64", "mp3", "flac", "aac", "ac3", "eac3", "aiff", "caf", "amr", "ape", "dts", "truehd", "au"],
  ...["wv", "tta", "mlp", "loas", "dsf", "dtshd"],
] as const;

/** Subtitle texts, opened only where a subtitle file is asked for. */
export const SUBTITLE_DEMUXERS = ["srt", "webvtt", "ass"] as const;

/** Pixels of the largest frame a decoder may be asked for: 8192 × 8192, above 8K UHD and DCI. */
export const MAX_PIXELS = 8192 * 8192;

/** The arguments that open `path`, with `options` of this input (seeks, loops) before it. */
export function inputArguments(
  path: string,
  { options = [], demuxers = DEMUXERS }: { options?: readonly string[]; demuxers?: readonly string[] } = {},
): string[] {
  return [
    ...["-protocol_whitelist", "file,pipe"],
    ...["-format_whitelist", demuxers.join(",")],
    ...["-max_pixels", `${MAX_PIXELS}`],
    ...options,
    // The prefix makes a path of any bytes a file: one that begins with `-` no option, one with `:` no protocol.
    ...["-i", `file:${path}`],
  ];
}

import { execFileSync, spawnSync } from "node:child_process";
import exifr from "exifr";
import sharp from "sharp";

/** What an independent reader says of a video: ffprobe, and a full decode that counts frames and errors. */
export function inspectVideo(path: string) {
  const list = ["-v", "error", "-show_streams", "-show_format", "-of", "json", path];
  const probe = JSON.parse(execFileSync("ffprobe", list, { encoding: "utf8" })) as {
    streams: { codec_type: string; codec_name: string; width?: number; height?: number }[];
    format: { duration: string; format_name: string };
  };
  const video = probe.streams.find(({ codec_type }) => codec_type === "video");
  const audio = probe.streams.find(({ codec_type }) => codec_type === "audio");
  const decoding = ["-i", path, "-fps_mode", "passthrough", "-f", "null", "-"];
  const decoded = spawnSync("ffmpeg", ["-v", "error", "-nostdin", "-progress", "-", ...decoding], {
    encoding: "utf8",
  });
  return {
    codec: video?.codec_name,
    width: video?.width,
    height: video?.height,
    frames: Number(decoded.stdout.match(/(?<=^frame=)\d+$/gm)?.at(-1)),
    audioCodec: audio?.codec_name,
    durationSeconds: Number(probe.format.duration),
    decodeErrors: decoded.stderr,
  };
}

/** Format and dimensions of an image, after a full decode, and where it says that it was taken. */
export async function inspectImage(path: string) {
  const image = sharp(path, { failOn: "warning" });
  await image.stats();
  const { format, width, height, orientation, exif } = await sharp(path).metadata();
  // Of some formats libvips gives EXIF as JPEG has it, with its name before it.
  const fields = exif?.subarray(exif.toString("latin1", 0, 4) === "Exif" ? 6 : 0);
  const place = fields && (await exifr.gps(fields));
  return { format, width, height, orientation, place };
}

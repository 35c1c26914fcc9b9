import { videoOutput } from "../../crds/outputs/video.ts";
import { describeMedia } from "../../worker-image/probe/describe-media.ts";
import { ffprobeJson } from "../../worker-image/probe/ffprobe.ts";
import { renditionArguments } from "../../worker-image/video/arguments.ts";
import { planRendition } from "../../worker-image/video/rendition.ts";

/** Sources as ffprobe tells of them, and what is planned for them. */

export type Raw = Record<string, unknown>;

export const SOUND = {
  index: 1,
  codec_type: "audio",
  codec_name: "aac",
  channels: 2,
  channel_layout: "stereo",
  sample_rate: "48000",
  disposition: { default: 1 },
};

/** A minute of 1080p25 with one stereo track, changed where a test says so. */
export const source = ({
  video = {},
  streams = [SOUND],
  format = {},
}: {
  video?: Raw;
  streams?: Raw[];
  format?: Raw;
} = {}) =>
  describeMedia(
    ffprobeJson.parse({
      streams: [
        {
          index: 0,
          codec_type: "video",
          codec_name: "h264",
          width: 1920,
          height: 1080,
          pix_fmt: "yuv420p",
          color_space: "bt709",
          avg_frame_rate: "25/1",
          r_frame_rate: "25/1",
          field_order: "progressive",
          ...video,
        },
        ...streams,
      ],
      format: { format_name: "mov,mp4", duration: "60", ...format },
    }),
    1e6,
  );

export const plan = (output: Raw, record = source()) => planRendition(record, videoOutput.parse(output));
export const FILES = { sourcePath: "/in/a b.mp4", targetPath: "/out/x.mp4", threads: 2 };
export const list = (output: Raw, record = source()) => renditionArguments(plan(output, record), FILES);
export const valueAfter = (arguments_: string[], option: string) =>
  arguments_[arguments_.indexOf(option) + 1];

import { join } from "node:path";

/** A second of the example clip, small. */
const SECOND = { cuts: [{ startSeconds: 2, endSeconds: 3 }], height: 180, audio: { codec: "none" } };

export const WALK = join(import.meta.dirname, "../../examples/media/walk.mp4");

/** That second of the clip itself, as a filter of ffmpeg. */
export const REFERENCE = "trim=2:3,setpts=PTS-STARTPTS,scale=320:180:flags=lanczos+accurate_rnd";

/** The least SSIM at the codec's default crf, a hundredth below what was measured. */
export const FLOORS = [
  { codec: "h264", preset: "ultrafast", floor: 0.94 },
  { codec: "h264", preset: "superfast", floor: 0.96 },
  { codec: "h264", preset: "veryfast", floor: 0.95 },
  { codec: "h264", preset: "faster", floor: 0.96 },
  { codec: "h264", preset: "fast", floor: 0.96 },
  { codec: "h264", preset: "medium", floor: 0.96 },
  { codec: "h264", preset: "slow", floor: 0.96 },
  { codec: "h264", preset: "slower", floor: 0.965 },
  { codec: "h264", preset: "veryslow", floor: 0.965 },
  { codec: "h265", preset: "ultrafast", floor: 0.91 },
  { codec: "h265", preset: "medium", floor: 0.95 },
  { codec: "vp9", preset: "veryfast", floor: 0.965 },
  { codec: "vp9", preset: "medium", floor: 0.975 },
  { codec: "av1", preset: "veryfast", floor: 0.965 },
  { codec: "av1", preset: "medium", floor: 0.965 },
] as const;

type Floor = (typeof FLOORS)[number];

export const floorName = ({ codec, preset }: Floor): string => `${codec} at ${preset}`;
export const floorVideo = ({ codec, preset }: Floor) => ({ ...SECOND, codec, preset });

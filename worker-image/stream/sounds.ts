import type { StreamOutput } from "../../crds/outputs/stream.ts";
import type { AudioStream } from "../probe/record.ts";
import { channelsOf, type SoundWish } from "../video/sound/sound.ts";

/** One file of sound: a track of the source in stereo, or with all its channels. */
export interface Sound {
  track: AudioStream;
  /** Of the track among those of the stream; both its sounds have one. */
  position: number;
  isSurround: boolean;
  wish: SoundWish;
  /** How long it goes on in silence after its track has ended. */
  silentSeconds: number;
}

/** Every track in stereo, which all devices play; then those with more channels once more, with all of them. */
export function soundsOf(
  tracks: readonly AudioStream[],
  audio: StreamOutput["audio"],
  time: {
    /** How much later it is heard, as the pictures are seen. */
    delaySeconds?: number | undefined;
    silentSecondsOf: (track: AudioStream) => number;
  },
): Sound[] {
  const wishOf = (channels: Pick<SoundWish["soundtrack"], "channels" | "bitrateKbps">): SoundWish => ({
    codec: "aac",
    soundtrack: { ...channels, sampleRateHz: 48_000, loudness: audio.loudness },
    speed: 1,
    delaySeconds: time.delaySeconds,
  });
  const stereo = tracks.map((track, position) => ({
    track,
    position,
    isSurround: false,
    silentSeconds: time.silentSecondsOf(track),
    wish: wishOf({ channels: "Stereo", bitrateKbps: audio.bitrateKbps }),
  }));
  if (audio.surround === "None") return stereo;
  const surround = stereo
    .map((sound) => ({ ...sound, isSurround: true, wish: wishOf({ channels: "Source" }) }))
    .filter(({ track, wish }) => channelsOf(track, wish) > 2);
  return [...stereo, ...surround];
}

import type { Soundtrack } from "../../../crds/outputs/soundtrack.ts";

type Codec = NonNullable<Soundtrack["codec"]>;

/** A track as it is encoded. */
interface Encoded {
  codec: Codec;
  channels: number;
  rateHz: number;
}

/** kbit/s for one channel at which each codec sounds clean; a floor of 64 for the whole track. */
const KBPS_PER_CHANNEL: Partial<Record<Codec, number>> = { aac: 64, opus: 48, mp3: 96 };

/**
 * Bitrate of a track in kbit/s: as wanted, or what sounds clean; where the codec does not have it, the nearest that it
 * does. Undefined for codecs without one.
 */
export function heldKbps(encoded: Encoded, wantedKbps: number | undefined): number | undefined {
  const { codec, channels, rateHz } = encoded;
  const perChannel = KBPS_PER_CHANNEL[codec];
  if (perChannel === undefined) return undefined;
  const kbps = wantedKbps ?? Math.max(64, perChannel * channels);
  switch (codec) {
    case "opus":
      return Math.min(kbps, OPUS_MAX_KBPS_PER_CHANNEL * channels);
    case "aac":
      return Math.min(kbps, Math.floor((AAC_MAX_BITS_PER_SAMPLE * rateHz * channels) / 1000));
    default:
      return nearest(mp3Kbps(rateHz), kbps);
  }
}

/** libopus refuses more. */
const OPUS_MAX_KBPS_PER_CHANNEL = 256;

/** A frame of 1024 samples holds 6144 bits a channel (ISO/IEC 13818-7, 8.2.2). */
const AAC_MAX_BITS_PER_SAMPLE = 6;

/** Bitrates of layer III (ISO/IEC 11172-3, 2.4.2.3 and 13818-3, 2.4.2.3); below 16 kHz LAME goes up to 64. */
function mp3Kbps(rateHz: number): readonly number[] {
  if (rateHz >= 32_000) return [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
  const low = [8, 16, 24, 32, 40, 48, 56, 64];
  return rateHz >= 16_000 ? [...low, 80, 96, 112, 128, 144, 160] : low;
}

const nearest = (held: readonly number[], wanted: number): number =>
  held.reduce((best, each) => (Math.abs(each - wanted) < Math.abs(best - wanted) ? each : best));

import type { Soundtrack } from "../../../crds/outputs/soundtrack.ts";
import type { Container } from "../../../crds/outputs/video-rules.ts";
import type { AudioStream } from "../../probe/record.ts";
import { heldKbps } from "./bitrate.ts";

export type SoundCodec = NonNullable<Soundtrack["codec"]>;
export type EncodedSoundCodec = Exclude<SoundCodec, "copy" | "none">;

/** What loudnorm measured in its first pass, in its own words. */
export interface MeasuredLoudness {
  input_i: number;
  input_tp: number;
  input_lra: number;
  input_thresh: number;
  target_offset: number;
}

const SOUND_ENCODERS: Record<EncodedSoundCodec, string> = {
  aac: "aac",
  opus: "libopus",
  mp3: "libmp3lame",
  flac: "flac",
  pcm: "pcm_s16le",
};

/** What ffprobe calls what each encoder makes. */
export const SOUND_CODEC_NAMES: Record<EncodedSoundCodec, readonly string[]> = {
  aac: ["aac"],
  opus: ["opus"],
  mp3: ["mp3"],
  flac: ["flac"],
  pcm: ["pcm_s16le", "pcm_s24le"],
};

/** The sample rates each encoder takes (`ffmpeg -h encoder=…`), of opus the one it works at; others take any. */
const RATES_HZ: Partial<Record<EncodedSoundCodec, readonly number[]>> = {
  aac: [
    ...[96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000],
    ...[22_050, 16_000, 12_000, 11_025, 8000, 7350],
  ],
  opus: [48_000],
  mp3: [48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000],
};

/** The layout of so many channels that is meant where none is named; every encoder takes these, but Opus no 4.0. */
const LAYOUTS: Record<number, string> = {
  1: "mono",
  2: "stereo",
  3: "3.0",
  4: "4.0",
  5: "5.0",
  6: "5.1",
  8: "7.1",
};

/** What ffmpeg takes so many channels for that have no layout (`-layouts`, the first of each number). */
const GUESSED: Record<number, string> = { ...LAYOUTS, 3: "2.1", 7: "6.1" };

/** Layouts beside `LAYOUTS` that an encoder takes as they are; of pcm and FLAC all are, up to eight channels. */
const TAKEN: Partial<Record<EncodedSoundCodec, readonly string[]>> = { opus: ["quad", "6.1"] };

/**
 * Where the speakers of others go: the smallest layout with room for each, one of a side being one of the back. The
 * rest of it is silent.
 */
const HOLDING: Record<string, keyof typeof LAYOUTS> = {
  "2.1": 6,
  "3.0(back)": 4,
  quad: 5,
  "quad(side)": 5,
  "3.1": 6,
  "4.1": 6,
  "6.0": 8,
  "6.0(front)": 8,
  hexagonal: 8,
  "6.1": 8,
  "6.1(back)": 8,
  "6.1(front)": 8,
  "7.0": 8,
  "7.0(front)": 8,
};

export function defaultSoundCodec(container: Container, videoCodec: string): SoundCodec {
  if (videoCodec === "copy") return "copy";
  if (videoCodec === "prores" || videoCodec === "dnxhr") return "pcm";
  return container === "webm" ? "opus" : "aac";
}

/** The tracks to take, and what was asked for in vain. */
export function chooseTracks(
  tracks: readonly AudioStream[],
  { languages, tracks: which }: Pick<Soundtrack, "languages" | "tracks">,
): { chosen: AudioStream[]; missingLanguages: string[] } {
  if (languages && languages.length > 0) {
    const found = languages.map((language) =>
      tracks.filter((track) => sameLanguage(track.language, language)),
    );
    return {
      chosen: found.flat(),
      missingLanguages: languages.filter((_, index) => found[index]?.length === 0),
    };
  }
  if (which === "All") return { chosen: [...tracks], missingLanguages: [] };
  const first = tracks.find(({ isDefault }) => isDefault) ?? tracks[0];
  return { chosen: first ? [first] : [], missingLanguages: [] };
}

/**
 * Whether a track is in a language. Containers hold ISO 639-2 codes of either kind (`deu`, `ger`) or a BCP 47 tag
 * (`de-AT`); the registry behind Intl knows which are the same.
 */
export function sameLanguage(tag: string | null, wanted: string): boolean {
  return tag !== null && languageOf(tag) === languageOf(wanted);
}

/** The language of a tag, by its shortest code. */
export function languageOf(tag: string): string {
  const [code = ""] = tag.toLowerCase().split("-");
  if (!/^[a-z]{2,3}$/.test(code)) return code;
  const language = Intl.getCanonicalLocales(code)[0]?.split("-")[0] ?? code;
  return language === "nb" ? "no" : language; // files say either of Norwegian
}

export interface SoundWish {
  codec: EncodedSoundCodec;
  soundtrack: Pick<Soundtrack, "channels" | "sampleRateHz" | "bitrateKbps" | "loudness">;
  /** 24 bits for pcm, as editing codecs carry. */
  deepSamples?: boolean;
  speed: number;
  /** How much later it is heard, beside pictures that are moved. */
  delaySeconds?: number | undefined;
}

/** The channels a track ends up with. */
export const channelsOf = (track: AudioStream, wish: SoundWish): number => speakersOf(track, wish).channels;

/** The layout a track ends up with; null for more channels than have one, which pcm alone keeps. */
function speakersOf(
  { channels, layout }: AudioStream,
  { codec, soundtrack }: SoundWish,
): { channels: number; layout: string | null } {
  const named = (count: number) => ({ channels: count, layout: LAYOUTS[count] ?? null });
  const wanted = { Source: channels, Mono: 1, Stereo: 2, "5.1": 6 }[soundtrack.channels];
  if (codec === "mp3" || wanted <= 2) return named(Math.min(2, wanted));
  if (soundtrack.channels !== "Source") return named(wanted);
  const own = (isLayoutName(layout) ? layout : null) ?? GUESSED[channels] ?? null;
  if (codec === "pcm") return { channels, layout: own };
  if (own === null || channels > 8) return named(2);
  if (codec === "flac" || TAKEN[codec]?.includes(own)) return { channels, layout: own };
  if (codec === "opus" && own === "4.0") return named(5);
  return named(HOLDING[own] ?? channels);
}

/** Of custom layouts ffprobe lists the speakers, and those no filter takes by that. */
const isLayoutName = (layout: string | null): boolean => /^[\w.]+(?:\([\w-]+\))?$/.test(layout ?? "");

/** The rate that is asked for or that the track has; where the encoder does not take it, the nearest that it does. */
export function sampleRateOf(track: AudioStream, { codec, soundtrack }: SoundWish): number {
  const wanted = soundtrack.sampleRateHz ?? track.sampleRate ?? 48_000;
  const [first = wanted, ...others] = RATES_HZ[codec] ?? [];
  return others.reduce(
    (nearest, rate) => (Math.abs(rate - wanted) < Math.abs(nearest - wanted) ? rate : nearest),
    first,
  );
}

/** What the codec has not of what was asked for, or of what the source has where that is to be kept. */
export function soundWarnings(track: AudioStream, wish: SoundWish): { reason: string; message: string }[] {
  const { codec, soundtrack } = wish;
  const channels = channelsOf(track, wish);
  const rateHz = sampleRateOf(track, wish);
  const isMixed = soundtrack.channels === "Source" && channels < track.channels;
  const isResampled = soundtrack.sampleRateHz !== undefined && soundtrack.sampleRateHz !== rateHz;
  const kbps = bitrateKbpsOf(track, wish);
  const isLimited = soundtrack.bitrateKbps !== undefined && soundtrack.bitrateKbps !== kbps;
  return [
    ...(isMixed
      ? [
          {
            reason: "ChannelsMixed",
            message: `audio track ${track.index} has ${track.channels} channels, which ${codec} does not hold: they are mixed to ${channels}`,
          },
        ]
      : []),
    ...(isResampled
      ? [
          {
            reason: "SampleRateChanged",
            message: `audio track ${track.index} has ${rateHz} Hz, the nearest of ${codec} to the ${soundtrack.sampleRateHz} Hz that were asked for`,
          },
        ]
      : []),
    ...(isLimited
      ? [
          {
            reason: "BitrateChanged",
            message: `audio track ${track.index} has ${kbps} kbit/s, the nearest of ${codec} with ${channels} channel(s) at ${rateHz} Hz to the ${soundtrack.bitrateKbps} kbit/s that were asked for`,
          },
        ]
      : []),
  ];
}

/** Bitrate of one track in kbit/s; undefined for codecs without one. */
export const bitrateKbpsOf = (track: AudioStream, wish: SoundWish): number | undefined =>
  heldKbps(
    { codec: wish.codec, channels: channelsOf(track, wish), rateHz: sampleRateOf(track, wish) },
    wish.soundtrack.bitrateKbps,
  );

/**
 * Fills gaps and pads a late start with silence, so that sound and picture stay together whatever the container's
 * timestamps do.
 */
export const FROM_THE_START = "aresample=async=1:min_hard_comp=0.1:first_pts=0";

/** The filters of one track. */
export function soundFilters(track: AudioStream, wish: SoundWish, measured?: MeasuredLoudness): string[] {
  const { layout } = speakersOf(track, wish);
  return [
    ...(wish.delaySeconds ? [`asetpts=PTS+${wish.delaySeconds}/TB`] : []),
    FROM_THE_START,
    ...tempoFilters(wish.speed, track.sampleRate ?? 48_000),
    ...(layout === null || layout === track.layout ? [] : [`aformat=channel_layouts=${layout}`]),
    ...(wish.soundtrack.loudness && measured ? [loudnessFilter(wish.soundtrack.loudness, measured)] : []),
    `aresample=${sampleRateOf(track, wish)}`,
  ];
}

/** The filters of a file that is appended to one with this track: the same rate and layout. */
export const appendedSoundFilters = (first: AudioStream, wish: SoundWish): string[] => [
  FROM_THE_START,
  `aformat=sample_rates=${sampleRateOf(first, wish)}:channel_layouts=${layoutOf(first, wish)}`,
];

/** Endless silence in place of the sound that an appended file lacks. */
export const silence = (first: AudioStream, wish: SoundWish): string =>
  `anullsrc=r=${sampleRateOf(first, wish)}:cl=${layoutOf(first, wish)}`;

/** Cuts or fills a sound, so that it lasts exactly so long. What is filled into nothing at all has no times of its own. */
export const lastingFilters = (seconds: number): string[] => [
  `apad=whole_dur=${seconds}`,
  "asetpts=N/SR/TB",
  `atrim=duration=${seconds}`,
];

const layoutOf = (track: AudioStream, wish: SoundWish): string =>
  speakersOf(track, wish).layout ?? track.layout ?? "stereo";

/** Samples that libopus puts before the sound, at its only rate. */
const OPUS_DELAY_SAMPLES = 312;

/**
 * Opus in Matroska and WebM: ffmpeg 5.1 declares the encoder's delay and yet does not move the packets by it, but
 * the pictures; they come 7 ms late. Sound that begins later by the delay needs no such move.
 */
export const delayFilters = (codec: EncodedSoundCodec, container: Container): string[] =>
  codec === "opus" && (container === "webm" || container === "mkv")
    ? [`asetpts=PTS+${OPUS_DELAY_SAMPLES}`]
    : [];

/** The filter that measures what `soundFilters` then corrects. */
export function measuringFilters(track: AudioStream, wish: SoundWish): string[] {
  const loudness = wish.soundtrack.loudness;
  if (!loudness) return [];
  return [
    ...soundFilters(track, { ...wish, soundtrack: { ...wish.soundtrack, loudness: undefined } }).slice(0, -1),
    `loudnorm=${targets(loudness)}:print_format=json`,
  ];
}

const targets = ({ integratedLufs, truePeakDbtp, rangeLu }: NonNullable<Soundtrack["loudness"]>) =>
  `I=${integratedLufs}:TP=${truePeakDbtp}:LRA=${rangeLu}`;

/** loudnorm refuses to be told of more than 0 LUFS, which many loud channels make together. */
function loudnessFilter(loudness: NonNullable<Soundtrack["loudness"]>, measured: MeasuredLoudness): string {
  const overLu = Math.max(0, measured.input_i);
  const normalized = [
    `loudnorm=${targets(loudness)}`,
    `measured_I=${measured.input_i - overLu}`,
    `measured_TP=${measured.input_tp - overLu}`,
    `measured_LRA=${measured.input_lra}`,
    `measured_thresh=${measured.input_thresh - overLu}`,
    `offset=${measured.target_offset}`,
    "linear=true",
  ].join(":");
  return overLu > 0 ? `volume=${-overLu}dB,${normalized}` : normalized;
}

/** EBU R 128 measures blocks of 0.4 s (EBU Tech 3341), of which a shorter sound has none. */
export const NOT_MEASURED = "is silent or shorter than 0.4 s: its loudness is left as it is";

/** Reads loudnorm's JSON from the log; undefined for silence, which no gain makes loud, and for less than 0.4 s. */
export function readLoudness(log: readonly string[]): MeasuredLoudness | undefined {
  const text = log.join("\n").replaceAll(/^\[(?:info|Parsed)[^\n]*?\]\s*/gm, "");
  const json = /\{[^{}]*"input_i"[^{}]*\}/.exec(text)?.[0];
  if (!json) return undefined;
  const values = JSON.parse(json) as Record<string, string>;
  const measured = {
    input_i: Number(values.input_i),
    input_tp: Number(values.input_tp),
    input_lra: Number(values.input_lra),
    input_thresh: Number(values.input_thresh),
    target_offset: Number(values.target_offset),
  };
  return Object.values(measured).every(Number.isFinite) ? measured : undefined;
}

/**
 * atempo keeps the pitch and takes 0.5 and above in one step. What it makes comes early by half of the window that it
 * shifts, as long as the nearest power of two above a 24th of a second: at a quarter of the speed by 120 ms, and as much
 * was missing at the end. Silence before each step brings it to 10 ms on average.
 */
function tempoFilters(speed: number, rateHz: number): string[] {
  if (speed === 1) return [];
  const windowSamples = 2 ** Math.ceil(Math.log2(Math.floor(rateHz / 24)));
  const steps = speed >= 0.5 ? [speed] : [0.5, speed / 0.5];
  return steps.flatMap((step) => [`adelay=delays=${windowSamples / 2}S:all=1`, `atempo=${step}`]);
}

/** The encoder's arguments of the output's track number `position`. */
export function soundEncoderArguments(track: AudioStream, position: number, wish: SoundWish): string[] {
  const bitrate = bitrateKbpsOf(track, wish);
  const name = wish.codec === "pcm" && wish.deepSamples ? "pcm_s24le" : SOUND_ENCODERS[wish.codec];
  return [`-c:a:${position}`, name, ...(bitrate === undefined ? [] : [`-b:a:${position}`, `${bitrate}k`])];
}

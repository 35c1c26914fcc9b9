import type { MediaJobSpec } from "../../../crds/media-job.ts";
import { type Family, familyOf } from "../../../crds/outputs/output.ts";
import { PROBED_SOURCES_MAX, type SourceFacts } from "../../../crds/result.ts";
import type { Unit, UnitFamily } from "../../../crds/unit.ts";
import { secondsEach } from "./estimate.ts";

/** Work that is to become one unit: every source is turned into every output. */
export interface Draft {
  family: UnitFamily;
  /** Indexes into spec.sources. */
  sources: number[];
  /** Indexes into spec.outputs. */
  outputs: readonly number[];
  /** What is known of its only source. */
  facts?: SourceFacts | undefined;
  part?: Unit["part"];
  join?: Unit["join"];
  wholeUpToSeconds?: number | undefined;
  /** Why it was cut so, for people. */
  why?: string;
}

/**
 * Bounds of a unit of many sources. A minute is long enough that starting a pod is a small part of it, and short
 * enough that losing one loses little. The unit travels as an annotation of its pod, and all annotations
 * together may have 256 KiB.
 */
const PACK = { seconds: 60, sources: 250, bytes: 96 * 1024 };

/**
 * Cuts a MediaJob into units. What is short is packed, sources with the same outputs together, since a source
 * is decoded once for all of them; every other output is a unit of its own for each source, since it takes
 * long and is retried alone.
 */
export function cut(spec: MediaJobSpec): Draft[] {
  const outputs = spec.outputs.map((output, index) => ({
    index,
    family: familyOf(output),
    only: output.sources && new Set(output.sources),
  }));
  const drafts: Draft[] = [];
  const packs = new Map<string, Pack>();
  for (const [index, source] of spec.sources.entries()) {
    const wanted = outputs.filter(({ only }) => !only || only.has(source.name));
    for (const family of PACKED) {
      const packed = wanted.filter((output) => output.family === family).map(({ index }) => index);
      if (packed.length === 0) continue;
      const kind = packed.join();
      let pack = packs.get(kind);
      if (!pack?.take(index, source)) {
        pack = new Pack(
          family,
          packed,
          secondsEach(
            family,
            packed.map((output) => spec.outputs[output]),
          ),
        );
        pack.take(index, source);
        packs.set(kind, pack);
        drafts.push(pack.draft);
      }
    }
    for (const { family, index: output } of wanted) {
      if (!isPacked(family)) drafts.push({ family, sources: [index], outputs: [output] });
    }
  }
  return drafts;
}

/** How many units it is cut into at least: those of what is not packed, counted without making them. */
export const leastUnits = ({ sources, outputs }: MediaJobSpec): number =>
  outputs
    .filter((output) => !isPacked(familyOf(output)))
    .reduce((sum, { sources: only }) => sum + (only ?? sources).length, 0);

/**
 * Whether a unit is planned better once its source is known: how long it takes, how much memory, whether in parts.
 * What is only copied takes as long as reading it.
 */
export const isBetterProbed = ({ family, outputs: [output] }: Draft, spec: MediaJobSpec): boolean =>
  family === "stream" || (family === "video" && spec.outputs[output ?? 0]?.video?.codec !== "copy");

/** Units that probe the sources of others, many at a time: each takes half a second. */
export function probesOf(drafts: readonly Draft[]): Draft[] {
  const sources = [...new Set(drafts.flatMap(({ sources }) => sources))];
  const count = Math.ceil(sources.length / PROBED_SOURCES_MAX);
  return Array.from({ length: count }, (_, index) => ({
    family: "probe",
    sources: sources.slice(index * PROBED_SOURCES_MAX, (index + 1) * PROBED_SOURCES_MAX),
    outputs: [],
  }));
}

/** Families whose work on one source is short. */
const PACKED = ["image", "metadata"] as const;
type PackedFamily = (typeof PACKED)[number];

const isPacked = (family: Family): family is PackedFamily => (PACKED as readonly Family[]).includes(family);

/** A unit of many sources while it is filled. */
class Pack {
  readonly draft: Draft;
  readonly #secondsEach: number;
  #bytes = 0;

  constructor(family: PackedFamily, outputs: readonly number[], secondsEach: number) {
    this.draft = { family, sources: [], outputs };
    this.#secondsEach = secondsEach;
  }

  /** Takes a source in, or answers false when the pack is full. The first one always fits. */
  take(index: number, source: MediaJobSpec["sources"][number]): boolean {
    const { sources } = this.draft;
    const bytes = Buffer.byteLength(JSON.stringify(source));
    const full =
      sources.length >= PACK.sources ||
      (sources.length + 1) * this.#secondsEach > PACK.seconds ||
      this.#bytes + bytes > PACK.bytes;
    if (full && sources.length > 0) return false;
    sources.push(index);
    this.#bytes += bytes;
    return true;
  }
}

import type { MediaRecord } from "./record.ts";

/** What the sources of an attempt are; ffprobe is asked once for each. What failed is asked again. */
export class MediaRecords {
  readonly #known = new Map<string, Promise<MediaRecord>>();

  /** @throws MediaFailure as `probe` does. */
  of(path: string, signal: AbortSignal): Promise<MediaRecord> {
    const known = this.#known.get(path);
    if (known) return known;
    // loaded when it is asked for: a unit of pictures never does
    const asked = import("./probe.ts").then(({ probe }) => probe(path, signal));
    this.#known.set(path, asked);
    asked.catch(() => this.#known.delete(path));
    return asked;
  }
}

/**
 * Peaks of a sound as BBC audiowaveform writes them (version 2, 8 bits): one pair of least and greatest
 * sample for every `samplesPerPixel` samples. Players such as peaks.js read it.
 */
export interface Waveform {
  version: 2;
  channels: 1;
  sample_rate: number;
  samples_per_pixel: number;
  bits: 8;
  /** Pairs in `data`. */
  length: number;
  data: number[];
}

/** Numbers that are written at a time. */
const PIECE = 65_536;

/**
 * Collects peaks from mono samples of 16 bits, little-endian, in pieces of any size. They are kept as bytes and written
 * in pieces: an hour at 16 samples a pixel has twenty million, which as numbers and one text would take 500 MB.
 */
export class Peaks {
  readonly #samplesPerPixel: number;
  #data = new Int8Array(PIECE);
  #length = 0;
  #rest = Buffer.alloc(0);
  #count = 0;
  #least = 0;
  #greatest = 0;

  constructor(samplesPerPixel: number) {
    this.#samplesPerPixel = samplesPerPixel;
  }

  add(chunk: Buffer): void {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    const whole = bytes.length - (bytes.length % 2);
    for (let at = 0; at < whole; at += 2) this.#sample(bytes.readInt16LE(at));
    this.#rest = Buffer.from(bytes.subarray(whole));
  }

  #sample(value: number): void {
    this.#least = this.#count === 0 ? value : Math.min(this.#least, value);
    this.#greatest = this.#count === 0 ? value : Math.max(this.#greatest, value);
    this.#count += 1;
    if (this.#count === this.#samplesPerPixel) this.#close();
  }

  #close(): void {
    if (this.#length === this.#data.length) {
      const larger = new Int8Array(this.#data.length * 2);
      larger.set(this.#data);
      this.#data = larger;
    }
    // towards zero, as audiowaveform does: what is next to silence lies on its line
    this.#data[this.#length] = Math.trunc(this.#least / 256);
    this.#data[this.#length + 1] = Math.trunc(this.#greatest / 256);
    this.#length += 2;
    this.#count = 0;
  }

  /** The waveform as JSON, piece by piece. */
  *json(sampleRate: number): Generator<string> {
    if (this.#count > 0) this.#close();
    const head: Omit<Waveform, "data"> = {
      version: 2,
      channels: 1,
      sample_rate: sampleRate,
      samples_per_pixel: this.#samplesPerPixel,
      bits: 8,
      length: this.#length / 2,
    };
    yield `${JSON.stringify(head).slice(0, -1)},"data":[`;
    for (let at = 0; at < this.#length; at += PIECE) {
      const piece = this.#data.subarray(at, Math.min(at + PIECE, this.#length)).join(",");
      yield at === 0 ? piece : `,${piece}`;
    }
    yield "]}";
  }
}

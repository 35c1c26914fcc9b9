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

/** Collects peaks from mono samples of 16 bits, little-endian, in pieces of any size. */
export class Peaks {
  readonly #samplesPerPixel: number;
  readonly #data: number[] = [];
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
    this.#data.push(this.#least >> 8, this.#greatest >> 8);
    this.#count = 0;
  }

  finish(sampleRate: number): Waveform {
    if (this.#count > 0) this.#close();
    return {
      version: 2,
      channels: 1,
      sample_rate: sampleRate,
      samples_per_pixel: this.#samplesPerPixel,
      bits: 8,
      length: this.#data.length / 2,
      data: this.#data,
    };
  }
}

import { deflateSync } from "node:zlib";

/** A PNG of any claimed size whose pixels are `lines` lines of zeros. */
export function pngOf(width: number, height: number, lines: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([1, 0, 0, 0, 0], 8); // one bit, grey
  const line = 1 + Math.ceil(width / 8);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.alloc(line * lines))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

export function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), framed.length - 4);
  return framed;
}

/** ISO 3309, as PNG uses it. */
function crc32(data: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** A GIF with so many frames of 1 × 1, shown on a square of that edge. */
export function gifOf(frames: number, edge = 1): Buffer {
  const frame = Buffer.from("21f90400010000002c00000000010001000002024401003b".slice(0, -2), "hex");
  const screen = Buffer.from("01000100800000ffffff000000", "hex");
  screen.writeUInt16LE(edge, 0);
  screen.writeUInt16LE(edge, 2);
  return Buffer.concat([
    Buffer.from("GIF89a", "latin1"),
    screen,
    ...Array<Buffer>(frames).fill(frame),
    Buffer.from([0x3b]),
  ]);
}

/** Cuts a byte stream into lines of JSON. Owns the framing only: what a line means is its reader's. */
import { textWithout, type UnreadField } from "./unread-fields.ts";

/** etcd refuses objects above 1.5 MiB; a line ten times that is no event, and would fill the memory. */
const LONGEST_LINE_BYTES = 16 * 1024 * 1024;
const LINE_FEED = 0x0a;

/**
 * Yields each line, parsed. Reads on only when asked for the next one, so a slow reader slows the sender.
 *
 * @param unread fields that are not parsed, see `textWithout`
 * @throws when a line is not JSON, too long, or cut off by the end of the stream
 */
export async function* jsonLines(
  chunks: AsyncIterable<Uint8Array>,
  unread: readonly UnreadField[] = [],
  longestLineBytes = LONGEST_LINE_BYTES,
): AsyncGenerator<unknown, void, undefined> {
  let begun: Uint8Array[] = [];
  let begunBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      const line = textWithout(unread, joined(begun, chunk.subarray(start, end))).trim();
      begun = [];
      begunBytes = 0;
      start = end + 1;
      if (line.length > 0) yield JSON.parse(line);
    }
    if (start === chunk.length) continue;
    begun.push(chunk.subarray(start));
    begunBytes += chunk.length - start;
    if (begunBytes > longestLineBytes) throw new Error(`a line has more than ${longestLineBytes} bytes`);
  }
  if (begunBytes > 0) throw new Error(`the stream ended inside a line, after ${begunBytes} bytes of it`);
}

/** As a whole: a character of several bytes may lie across two chunks, and so may a field that is not read. */
const joined = (begun: readonly Uint8Array[], rest: Uint8Array): Buffer =>
  begun.length === 0
    ? Buffer.from(rest.buffer, rest.byteOffset, rest.byteLength)
    : Buffer.concat([...begun, rest]);

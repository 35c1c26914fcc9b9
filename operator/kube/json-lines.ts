/** Cuts a byte stream into lines of JSON. Owns the framing only: what a line means is its reader's. */

/** etcd refuses objects above 1.5 MiB; a line ten times that is no event, and would fill the memory. */
const LONGEST_LINE_BYTES = 16 * 1024 * 1024;
const LINE_FEED = 0x0a;
const decoder = new TextDecoder();

/**
 * Yields each line, parsed. Reads on only when asked for the next one, so a slow reader slows the sender.
 *
 * @throws when a line is not JSON, too long, or cut off by the end of the stream
 */
export async function* jsonLines(
  chunks: AsyncIterable<Uint8Array>,
  longestLineBytes = LONGEST_LINE_BYTES,
): AsyncGenerator<unknown, void, undefined> {
  let begun: Uint8Array[] = [];
  let begunBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      const line = joined(begun, chunk.subarray(start, end));
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

/** Decoded as a whole: a character of several bytes may lie across two chunks. */
function joined(begun: readonly Uint8Array[], rest: Uint8Array): string {
  return decoder.decode(begun.length === 0 ? rest : Buffer.concat([...begun, rest])).trim();
}

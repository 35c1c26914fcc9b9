/**
 * A ledger keeps one letter for each of many items in little room: `sssf..` is stored as `3s1f2.`.
 * It is how the status of a MediaJob remembers, with no list that grows, what has ended and how; once a
 * letter stands there, its Job may be gone.
 */

/** The letter of an item that has not ended. */
export const OPEN = ".";

/** The ledger of these letters, each of one item, in their order. */
export const encodeLedger = (letters: readonly string[]): string => {
  let text = "";
  for (let start = 0; start < letters.length; ) {
    const letter = letters[start];
    let end = start + 1;
    while (letters[end] === letter) end++;
    text += `${end - start}${letter}`;
    start = end;
  }
  return text;
};

/**
 * The letters of a ledger of `length` items. One that is shorter was written before more items followed, which are
 * open; one that is longer is of something else, and all are open.
 */
export function decodeLedger(text: string | undefined, length: number): string[] {
  const letters = (text ?? "")
    .matchAll(/([0-9]+)([a-z.])/g)
    .flatMap(([, run, letter]) => Array.from({ length: Number(run) }, () => letter ?? OPEN))
    .toArray();
  if (letters.length > length) return Array.from({ length }, () => OPEN);
  return [...letters, ...Array.from({ length: length - letters.length }, () => OPEN)];
}

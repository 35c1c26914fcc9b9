/**
 * A ledger keeps one letter for each of many items in little room: `sssf..` is stored as `3s1f2.`.
 * It is how the status of a MediaJob remembers, with no list that grows, what has ended and how; once a
 * letter stands there, its Job may be gone.
 */

/** The letter of an item that has not ended. */
export const OPEN = ".";

const DIGITS = "0123456789";

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
  const letters: string[] = [];
  // By hand, since every pass reads several: a regular expression took over twenty times as long.
  let run = 0;
  for (const character of text ?? "") {
    const digit = DIGITS.indexOf(character);
    if (digit < 0 && letters.length + run > length) return Array.from({ length }, () => OPEN);
    if (digit < 0) for (; run > 0; run--) letters.push(character);
    else run = run * 10 + digit;
  }
  while (letters.length < length) letters.push(OPEN);
  return letters;
}

/** Where two texts part, as a sentence for a person; undefined when they are equal. */
export function firstDifference(actual: string, expected: string): string | undefined {
  if (actual === expected) return undefined;
  if (actual === "") return "It does not exist.";
  const [actualLines, expectedLines] = [actual.split("\n"), expected.split("\n")];
  const at = expectedLines.findIndex((line, index) => line !== actualLines[index]);
  const line = at === -1 ? expectedLines.length : at;
  const show = (lines: string[]) => (lines[line] === undefined ? "nothing" : `"${lines[line].trim()}"`);
  return `Line ${line + 1} holds ${show(actualLines)}, the schema says ${show(expectedLines)}.`;
}

import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { type CollectionTag, isNode, LineCounter, parseAllDocuments, type ScalarTag, type Tags } from "yaml";
import { UsageError } from "./exit-codes.ts";

/** A value that stands in a file, or why none can be read there. */
export type Placed = { where: string; value: unknown } | { where: string; fault: string };

/** One YAML document of a file. */
export type YamlDocument = Placed & {
  /** Where a part of the value stands, e.g. `first.yaml:12` for `items`, 0. */
  whereIs(...path: (string | number)[]): string;
};

/**
 * The text of a file, or of standard input for `-`, and how messages call it.
 *
 * @throws UsageError when it cannot be read.
 */
export async function readText(file: string): Promise<{ content: string; label: string }> {
  if (file === "-") return { content: await text(process.stdin), label: "stdin" };
  const content = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`cannot read ${file}: ${REASONS[error.code ?? ""] ?? error.message}`);
  });
  return { content, label: file };
}

const REASONS: Partial<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a directory; name a file in it",
};

/** kubectl and Helm read dates and times of day as text, where YAML 1.1 makes a moment and a number of seconds of them. */
const asText = ({ tag, format }: ScalarTag | CollectionTag): boolean =>
  tag === "tag:yaml.org,2002:timestamp" || format === "TIME";

/** A point alone, a volume's root, is text for them too, where YAML 1.1 takes it for a number that is none. */
const withDigits = (tag: Tags[number]): Tags[number] =>
  typeof tag === "object" && "test" in tag && tag.test?.test(".")
    ? { ...tag, test: /^[-+]?(?:[0-9][0-9_]*)?\.[0-9][0-9_]*$/ }
    : tag;

/** Every document that is not empty, as kubectl and Helm read it: by YAML 1.1, where yes and on are true. JSON is YAML too. */
export function yamlDocuments(content: string, label: string): YamlDocument[] {
  const lineCounter = new LineCounter();
  const at = (offset: number) => `${label}:${lineCounter.linePos(offset).line}`;
  const customTags = (tags: Tags) =>
    tags.filter((tag) => typeof tag === "string" || !asText(tag)).map(withDigits);
  const options = { lineCounter, version: "1.1", customTags, prettyErrors: false } as const;
  const documents = [...parseAllDocuments(content, options)];
  return documents.flatMap((document): YamlDocument[] => {
    const where = at(document.contents?.range?.[0] ?? 0);
    const whereIs = (...path: (string | number)[]) => {
      const node = document.getIn(path, true);
      return isNode(node) && node.range ? at(node.range[0]) : where;
    };
    const [error] = document.errors; // those after it follow from it
    if (error) {
      const { line, col } = lineCounter.linePos(error.pos[0]);
      return [{ where: `${label}:${line}:${col}`, fault: error.message, whereIs }];
    }
    try {
      const value: unknown = document.toJS();
      return value === null ? [] : [{ where, value, whereIs }];
    } catch (error) {
      // An alias of nothing, or aliases of aliases that would fill the memory.
      return [{ where, fault: (error as Error).message, whereIs }];
    }
  });
}

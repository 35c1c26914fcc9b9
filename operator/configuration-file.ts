import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { parse } from "yaml";
import { prettifyError } from "zod";
import { type Configuration, configuration } from "./core/configuration.ts";

/**
 * How often the file is looked at. The kubelet takes up to a minute to bring a changed ConfigMap; it swaps a link two
 * directories up, of which file watchers tell nothing that could be relied on.
 */
const PERIOD_MS = 2_000;

/** What a look at the file found that was not known. */
export type News = { found: "New" } | { found: "Invalid"; message: string };
export type Look = { found: "Same" } | News;

/**
 * The operator's configuration as its file says now. A file that is not valid any more changes nothing: the last valid
 * one counts until the next.
 */
export class ConfigurationFile {
  readonly #path: string | undefined;
  #text: string;
  #current: Configuration;
  /** What was found wrong and told of, so that it is told of once. */
  #lastFault: string | undefined;

  private constructor(path: string | undefined, text: string) {
    this.#path = path;
    this.#text = text;
    this.#current = read(text, path);
  }

  /** @param path defaults count when unset. @throws Error that says what is wrong where. */
  static async open(path: string | undefined): Promise<ConfigurationFile> {
    return new ConfigurationFile(path, path === undefined ? "" : await readFile(path, "utf8"));
  }

  get current(): Configuration {
    return this.#current;
  }

  /** Whether the file, as far as it was looked at, is the configuration that counts. */
  get isValid(): boolean {
    return this.#lastFault === undefined;
  }

  /** Looks at the file once. The same fault is told of once. */
  async look(): Promise<Look> {
    if (this.#path === undefined) return { found: "Same" };
    try {
      const text = await readFile(this.#path, "utf8");
      const changed = text !== this.#text;
      if (changed) this.#current = read(text, this.#path);
      this.#text = text;
      this.#lastFault = undefined;
      return { found: changed ? "New" : "Same" };
    } catch (error) {
      const { message } = error as Error;
      if (message === this.#lastFault) return { found: "Same" };
      this.#lastFault = message;
      return { found: "Invalid", message };
    }
  }

  /** Looks from time to time, until the signal aborts, and tells of what is new. */
  async watch(signal: AbortSignal, tell: (look: News) => void): Promise<void> {
    while (!signal.aborted) {
      await delay(PERIOD_MS, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      const look = await this.look();
      if (look.found !== "Same") tell(look);
    }
  }
}

function read(text: string, path = "of no file"): Configuration {
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    throw new Error(`the configuration ${path} is not YAML: ${(error as Error).message}`, { cause: error });
  }
  const parsed = configuration.safeParse(document ?? {});
  if (!parsed.success)
    throw new Error(`the configuration ${path} is not valid:\n${prettifyError(parsed.error)}`);
  return parsed.data;
}

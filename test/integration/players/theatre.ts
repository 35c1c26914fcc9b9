import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import express from "express";
import { type Browser, chromium, type Page } from "playwright-core";
import { ensurePrograms } from "../../../examples/ensure-programs.ts";

/** A browser that plays what is in a directory, over HTTP on the loopback, with players as npm publishes them. */
export class Theatre {
  readonly #browser: Browser;
  readonly #server: Server;
  /** Every request that the players made: path and status. */
  readonly requests: string[];

  private constructor(browser: Browser, server: Server, requests: string[]) {
    this.#browser = browser;
    this.#server = server;
    this.requests = requests;
  }

  static async open(directory: string): Promise<Theatre> {
    ensurePrograms("chromium");
    const requests: string[] = [];
    const app = express();
    app.use((request, response, next) => {
      response.on("finish", () => requests.push(`${response.statusCode} ${request.path}`));
      next();
    });
    app.get("/", (_, response) => void response.type("html").send(PAGE));
    app.use("/page.js", express.static(resolve(import.meta.dirname, "page.js")));
    for (const [name, folder] of Object.entries(PLAYER_FILES)) app.use(`/${name}`, express.static(folder));
    app.use("/media", express.static(directory));
    const server = createServer(app);
    await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
      // Its sandbox refuses root, whom the tests' containers have; the only pages are these.
      args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
    });
    return new Theatre(browser, server, requests);
  }

  /** An address below the directory; `localhost`, since encrypted media needs an origin that is secure. */
  url(path: string): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}/${path}`;
  }

  async stage(): Promise<Stage> {
    const page = await this.#browser.newPage();
    await page.goto(this.url(""));
    await page.waitForFunction("window.stage !== undefined");
    return new Stage(page);
  }

  async close(): Promise<void> {
    await this.#browser.close();
    this.#server.closeAllConnections();
    await new Promise((settle) => this.#server.close(settle));
  }
}

/** One page with one player; the verbs are those of `page.js`. */
export class Stage {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** `keys` by their ids, both in hexadecimal digits, where the page has to give them. */
  open(player: string, url: string, keys: Record<string, string> = {}): Promise<Programme> {
    return this.#say("open", player, url, keys);
  }

  playToEnd(): Promise<{ seconds: number; frames: number; corrupted: number; soundBytes: number }> {
    return this.#say("playToEnd");
  }

  seek(seconds: number): Promise<number> {
    return this.#say("seek", seconds);
  }

  choose(height: number): Promise<number> {
    return this.#say("choose", height);
  }

  listen(language: string): Promise<string> {
    return this.#say("listen", language);
  }

  read(thumbnailsUrl: string): Promise<{ text: string; thumbnail: Thumbnail | false }> {
    return this.#say("read", thumbnailsUrl);
  }

  errors(): Promise<string[]> {
    return this.#say("errors");
  }

  close(): Promise<void> {
    return this.#page.close();
  }

  #say<Answer>(verb: string, ...words: unknown[]): Promise<Answer> {
    return this.#page.evaluate(`stage.${verb}(${words.map((word) => JSON.stringify(word)).join(", ")})`);
  }
}

export interface Programme {
  seconds: number;
  heights: number[];
  languages: string[];
}

export interface Thumbnail {
  sheet: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

const PAGE = `<!doctype html><meta charset="utf-8"><title>players</title>
<link rel="icon" href="data:,"><video width="640" height="360"></video><script type="module" src="/page.js"></script>`;

const folderOf = (entry: string) => dirname(fileURLToPath(import.meta.resolve(entry)));

const PLAYER_FILES = {
  "hls.js": folderOf("hls.js"),
  "dash.js": resolve(folderOf("dashjs"), "../umd"),
  "shaka-player": folderOf("shaka-player"),
};

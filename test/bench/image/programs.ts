import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Programs of other people that the bench compares with, and where they come from. */
export interface Programs {
  vipsthumbnail: string;
  convert: string;
  /** A Python that has Pillow. */
  python: string;
}

/** Finds what is there and installs what is not: Debian's packages as root, Pillow in a cache of its own. */
export function findPrograms(): Programs {
  return {
    vipsthumbnail: find("libvips-tools", ["vipsthumbnail"], /vips/),
    convert: find("imagemagick", ["magick", "/usr/bin/convert", "convert"], /ImageMagick/),
    python: pythonWithPillow(),
  };
}

/** The first of the names that is the program which is meant; a name alone may be something else. */
function find(debian: string, names: readonly string[], version: RegExp): string {
  const found = () => names.find((name) => version.test(`${spawnSync(name, ["--version"]).stdout}`));
  const there = found();
  if (there) return there;
  if (process.getuid?.() !== 0)
    throw new Error(`install what the bench compares with: apt-get install ${debian}`);
  execFileSync("apt-get", ["install", "--yes", "--no-install-recommends", debian], { stdio: "ignore" });
  const installed = found();
  if (!installed)
    throw new Error(`${debian} was installed, but none of ${names.join(", ")} is what was looked for`);
  return installed;
}

function pythonWithPillow(): string {
  const environment = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "mediajob", "pillow");
  const python = join(environment, "bin", "python");
  if (!existsSync(python)) execFileSync("python3", ["-m", "venv", environment]);
  if (spawnSync(python, ["-c", "import PIL"]).status !== 0) {
    execFileSync(python, ["-m", "pip", "install", "--quiet", "pillow"]);
  }
  return python;
}

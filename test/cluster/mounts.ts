import { readFileSync } from "node:fs";
import { command } from "./command.ts";

/** Mount points at or below a directory, innermost first. */
function mountsBelow(directory: string): string[] {
  return parseMountPoints(readFileSync("/proc/self/mountinfo", "utf8"))
    .filter((path) => path === directory || path.startsWith(`${directory}/`))
    .reverse();
}

/** proc(5): the mount point is field 5, with space, tab, newline and backslash written as octal. */
function parseMountPoints(mountInfo: string): string[] {
  return mountInfo
    .split("\n")
    .map((line) => line.split(" ")[4])
    .filter((field) => field !== undefined)
    .map((field) =>
      field.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    );
}

/** Detaches everything mounted below a directory; lazily, because a dying container may hold it a moment longer. */
export async function unmountBelow(directory: string): Promise<void> {
  for (const path of mountsBelow(directory)) await command("umount", ["--lazy", path]);
}

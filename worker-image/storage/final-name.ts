import { link, open, unlink } from "node:fs/promises";
import { WorkFailure } from "../work-failure.ts";

/** Gives `staged` the name `path` if nothing has it, in one step that no other writer can come between. */
export async function linkNew(staged: string, path: string): Promise<boolean> {
  try {
    await link(staged, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (code === "EPERM" || code === "ENOTSUP" || code === "EOPNOTSUPP" || code === "ENOSYS") {
      throw new WorkFailure(
        "DestinationUnwritable",
        "the destination's file system has no hard links, which destination.onConflict Suffix, Skip and Fail need; use Overwrite",
        { cause: error },
      );
    }
    throw error;
  }
  await unlink(staged);
  return true;
}

/** Makes the content of a file, or the names in a directory, outlast a crash of the node. */
export async function flush(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

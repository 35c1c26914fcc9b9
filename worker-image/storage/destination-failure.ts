import { WorkFailure } from "../work-failure.ts";

/** Says what was being done where the operating system only gives a code and a path. */
export async function onDestination<Value>(what: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    switch (code) {
      case "EACCES":
      case "EPERM":
      case "EROFS":
        throw new WorkFailure(
          "DestinationUnwritable",
          `${what}: the worker (uid ${process.getuid?.()}) may not write there (${message}); check the volume's access mode and permissions`,
          { cause: error },
        );
      case "ENOSPC":
      case "EDQUOT":
        throw new WorkFailure("DiskFull", `${what}: the destination is full (${message})`, { cause: error });
      case "EISDIR":
      case "ENOTDIR":
      case "EEXIST":
      case "ENOTEMPTY":
        throw new WorkFailure(
          "OutputPathConflict",
          `${what}: a file and a directory want the same name (${message}); choose another destination.template`,
          { cause: error },
        );
      case "ENAMETOOLONG":
      case "ELOOP":
        throw new WorkFailure(
          "OutputPathConflict",
          `${what}: a path is too long, or its links lead round in a circle (${message}); choose another destination.volume.path or destination.template`,
          { cause: error },
        );
      case "EXDEV":
        throw new WorkFailure(
          "OutputPathConflict",
          `${what}: its directory is on another file system than the destination, so it cannot be moved there in one step (${message})`,
          { cause: error },
        );
      case "ENOENT":
      case "EIO":
      case "ESTALE":
        throw new WorkFailure("StorageError", `${what}: ${message}`, { cause: error });
      default:
        throw error;
    }
  }
}

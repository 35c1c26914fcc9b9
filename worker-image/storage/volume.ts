import { constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { volumeUri } from "../../crds/naming.ts";
import type { Source } from "../../crds/source.ts";
import type { OpenedSource } from "../engine.ts";
import { WorkFailure } from "../work-failure.ts";

/**
 * Sources on mounted volumes. It never reads outside a volume's root: links are followed, and where they
 * lead is what counts.
 */

/** @throws WorkFailure VolumeMissing, SourceNotFound, SourceUnreadable, SourceEmpty, SourceIsDirectory, SourceOutsideVolume. */
export async function openVolumeSource(
  source: Source,
  volumeRoot: (claimName: string) => string,
): Promise<OpenedSource> {
  if (!source.volume) throw new WorkFailure("InvalidUnit", `source ${source.name} names no volume`);
  const { claimName, path } = source.volume;
  const where = `source ${source.name}: ${path} on the volume ${claimName}`;
  const root = await realRoot(volumeRoot(claimName), claimName);
  const isInside = (file: string) => file === root || file.startsWith(root.endsWith(sep) ? root : root + sep);
  if (!isInside(join(root, path))) throw outside(where);
  const real = await realpath(join(root, path)).catch((error: NodeJS.ErrnoException) => {
    throw unreachable(error, where);
  });
  if (!isInside(real)) throw outside(where);
  const found = await stat(real, { bigint: true });
  const { size, mtimeNs } = found;
  if (found.isDirectory()) {
    throw new WorkFailure(
      "SourceIsDirectory",
      `${where} is a directory; name each file as a source of its own`,
    );
  }
  if (!found.isFile()) {
    throw new WorkFailure(
      "SourceUnreadable",
      `${where} is neither a file nor a directory but a device, pipe or socket`,
    );
  }
  if (size === 0n) {
    throw new WorkFailure("SourceEmpty", `${where} has no bytes; the upload may not have ended`);
  }
  await access(real, constants.R_OK).catch((error: NodeJS.ErrnoException) => {
    throw unreachable(error, where);
  });
  return {
    source,
    path: real,
    bytes: Number(size),
    identity: `${volumeUri(claimName, path)} ${size} ${mtimeNs}`,
  };
}

const realRoots = new Map<string, string>();

/** The root of a mounted claim, free of links. It is looked up once: what is mounted stays. */
export async function realRoot(directory: string, claimName: string): Promise<string> {
  const known = realRoots.get(directory);
  if (known !== undefined) return known;
  const root = await realpath(directory).catch((error: NodeJS.ErrnoException) => {
    throw new WorkFailure(
      "VolumeMissing",
      `the volume ${claimName} is not mounted at ${directory} (${error.code}); check the claim's name`,
      { cause: error },
    );
  });
  realRoots.set(directory, root);
  return root;
}

const outside = (where: string) =>
  new WorkFailure(
    "SourceOutsideVolume",
    `${where} leads out of the volume, by '..' or by a link; name a file that lies on the volume`,
  );

function unreachable(error: NodeJS.ErrnoException, where: string): WorkFailure {
  switch (error.code) {
    case "ENOENT":
    case "ENOTDIR":
    case "ENAMETOOLONG":
      return new WorkFailure("SourceNotFound", `${where} does not exist; check the path`, { cause: error });
    case "EACCES":
    case "EPERM":
      return new WorkFailure(
        "SourceUnreadable",
        `${where} may not be read by the worker (uid ${process.getuid?.()}); check the permissions of the file and of its directories`,
        { cause: error },
      );
    case "ELOOP":
      return new WorkFailure("SourceUnreadable", `${where} is a link that leads back to itself`, {
        cause: error,
      });
    default:
      return new WorkFailure("StorageError", `${where} could not be looked up: ${error.message}`, {
        cause: error,
      });
  }
}

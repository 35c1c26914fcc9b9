/** The program that is run where a worker is installed beside its ffmpeg. */
import { noteVersion } from "./ffmpeg-versions.ts";

await noteVersion();

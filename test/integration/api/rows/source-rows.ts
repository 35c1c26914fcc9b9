import { destination, many, source } from "../manifest.ts";
import { accepted, type Row, refused } from "../row.ts";

const one = (path: string) => ({ spec: { sources: [source("beach", path)] } });
const named = (name: string) => ({ spec: { sources: [source(name, "a.jpg")] } });

export const sourceRows: Row[] = [
  accepted("two sources of one claim", { spec: { sources: [source("beach"), source("forest")] } }),
  accepted("a source with a name of 63 characters", named("a".repeat(63))),
  accepted("a source with a name of digits", named("0042")),
  accepted("a path with spaces, quotes and a leading dash", one(`-my "best" photo's.jpg`)),
  accepted("a path in another script", one("снимки/пляж 🏖.jpg")),
  accepted("a path with a newline", one("in/two\nlines.jpg")),
  accepted("a path of 1024 characters, though each takes two UTF-16 units", one("🏖".repeat(1024))),
  accepted("dots that are not a way up", one("in/..beach../...jpg")),
  refused(
    "no source",
    { spec: { sources: [] } },
    { field: "spec.sources", server: "should have at least 1 items", offline: "a list of 1 to 10000 items" },
  ),
  refused(
    "sources left out",
    { spec: { sources: undefined } },
    { field: "spec.sources", server: "Required value", offline: "required" },
  ),
  refused(
    "sources that say null",
    { spec: { sources: null } },
    { field: "spec.sources", server: "Required value", offline: "required" },
  ),
  refused(
    "10,001 sources",
    { spec: { sources: many(10_001, (index) => source(`s${index}`, "a")) } },
    { field: "spec.sources", server: "must have at most 10000 items", offline: "got a list of 10001 items" },
  ),
  refused(
    "sources that are a text",
    { spec: { sources: "in/beach.jpg" } },
    { field: "spec.sources", server: "must be of type array", offline: "expected a list" },
  ),
  refused(
    "a source that is a text",
    { spec: { sources: ["in/beach.jpg"] } },
    { field: "spec.sources[0]", server: "must be of type object", offline: "expected an object" },
  ),
  refused(
    "a source without a place",
    { spec: { sources: [{ name: "beach" }] } },
    { field: "spec.sources[0]", server: "set volume, the only kind in this version" },
  ),
  refused(
    "a source without a name",
    { spec: { sources: [{ ...source("beach"), name: undefined }] } },
    { field: "spec.sources[0].name", server: "Required value", offline: "required" },
  ),
  refused(
    "two sources of one name",
    { spec: { sources: [source("beach"), source("forest"), source("beach")] } },
    { field: "spec.sources[2]", server: "Duplicate value" },
  ),
  refused("a source's name in capitals", named("Beach"), {
    field: "spec.sources[0].name",
    server: "should match",
    offline: "a string of 1 to 63 characters that matches",
  }),
  refused("a source's name of 64 characters", named("a".repeat(64)), {
    field: "spec.sources[0].name",
    server: "may not be more than 63",
    offline: "a string of 1 to 63 characters",
  }),
  refused("a source's name that ends with a dash", named("beach-"), {
    field: "spec.sources[0].name",
    server: "should match",
    offline: "that matches",
  }),
  refused("an empty path", one(""), {
    field: "spec.sources[0].volume.path",
    server: "should be at least 1 chars long",
    offline: "a string of 1 to 1024 characters",
  }),
  refused("a path of 1025 characters", one("a".repeat(1025)), {
    field: "spec.sources[0].volume.path",
    server: "may not be more than 1024",
    offline: "got a string of 1025 characters",
  }),
  refused("an absolute path", one("/etc/passwd"), {
    field: "spec.sources[0].volume.path",
    server: "must be relative to the volume's root",
  }),
  ...["..", "../secret", "in/../../secret", "in/.."].map((path) =>
    refused(`the path ${path}, which leads out`, one(path), {
      field: "spec.sources[0].volume.path",
      server: "the segment '..' is not allowed",
    }),
  ),
  refused("a path with NUL", one("in/a\0.jpg"), {
    field: "spec.sources[0].volume.path",
    server: "should match",
    offline: "that matches",
  }),
  refused(
    "a claim name with an underscore",
    { spec: { sources: [{ name: "beach", volume: { claimName: "my_media", path: "a.jpg" } }] } },
    { field: "spec.sources[0].volume.claimName", server: "should match", offline: "that matches" },
  ),
  refused(
    "a misspelt field in a source",
    { spec: { sources: [{ name: "beach", volume: { claimname: "media", claimName: "media", path: "a" } }] } },
    {
      field: "spec.sources[0].volume.claimname",
      server: "unknown field",
      offline: "unknown field; did you mean claimName?",
    },
  ),
  accepted("two sources of which one is made into a file of a fixed name, with the other joined to it", {
    spec: {
      sources: [source("opener"), source("closer")],
      outputs: [
        {
          name: "film",
          sources: ["opener"],
          video: { container: "mp4", codec: "h264", appendSources: ["closer"] },
        },
      ],
      destination: destination({ template: "film.{ext}" }),
    },
  }),
  refused(
    "several sources whose outputs would get one name",
    {
      spec: {
        sources: [source("a"), source("b")],
        destination: destination({ template: "{output}.{ext}" }),
      },
    },
    {
      field: "spec.destination.template",
      server: "must hold {source} or {index} when an output is made from several sources",
    },
  ),
];

import type { MediaJob } from "../crds/media-job.ts";
import type { OutputStatus } from "../crds/media-job-status.ts";

/** A page that shows every output of a MediaJob; it lies at the root of the results' volume. */
export function resultPage({ metadata, spec, status }: MediaJob): string {
  const outputs = status?.outputs ?? [];
  const figures = spec.sources.map(({ name }) => {
    const made = outputs.filter(({ source }) => source === name);
    return `<section><h2>${escapeHtml(name)}</h2><div>${made.map(figure).join("")}</div></section>`;
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(metadata.name)}: ${status?.phase}</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #222; background: #fafafa; }
  section div { display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: flex-start; }
  figure { margin: 0; background: #fff; border: 1px solid #ddd; border-radius: 6px; overflow: hidden; max-width: min(100%, 32rem); }
  img, video { display: block; max-width: 100%; max-height: 26rem; margin: auto; }
  figcaption { padding: .5rem .75rem; font-size: .85rem; }
  figcaption b { display: block; }
</style>
<h1>${escapeHtml(metadata.name)} <small>${status?.phase}, ${outputs.length} files</small></h1>
${figures.join("\n")}
</html>
`;
}

function figure(made: OutputStatus): string {
  const path = encodeURI(made.uri.replace(/^volume:\/\/[^/]+\//, ""));
  const isVideo = made.durationSeconds !== undefined;
  const media = isVideo
    ? `<video src="${path}" controls muted></video>`
    : `<img src="${path}" alt="${escapeHtml(made.output)}">`;
  const facts = [
    made.format,
    `${made.width} × ${made.height}`,
    isVideo && `${made.durationSeconds?.toFixed(1)} s`,
    `${((made.bytes ?? 0) / 1000).toFixed(1)} kB`,
  ];
  const caption = `<b>${escapeHtml(made.output)}</b>${facts.filter(Boolean).join(" · ")}<br><a href="${path}">${path}</a>`;
  return `<figure>${media}<figcaption>${caption}</figcaption></figure>`;
}

const escapeHtml = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

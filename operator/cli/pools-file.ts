import { prettifyError } from "zod";
import { type Configuration, configuration, defaultConfiguration } from "../core/configuration.ts";
import { UsageError } from "./exit-codes.ts";
import { readText, yamlDocuments } from "./yaml-file.ts";

/** What `mediajob plan --pools FILE` plans for; an operator that was told nothing when there is no file. */
export async function readConfiguration(file: string | undefined): Promise<Configuration> {
  if (file === undefined) return defaultConfiguration();
  const { content, label } = await readText(file);
  return configurationOf(content, label);
}

/**
 * The operator's configuration as its file says it, as the values of the chart do below `config`, or only its list of
 * pools.
 *
 * @throws UsageError that says what is wrong where.
 */
export function configurationOf(content: string, label: string): Configuration {
  const documents = yamlDocuments(content, label);
  const faults = documents.flatMap((document) =>
    "fault" in document ? [`--pools ${document.where}: ${document.fault}`] : [],
  );
  if (faults.length) throw new UsageError(faults.join("\n"));
  const [value, ...more] = documents.flatMap((document) => ("value" in document ? [document.value] : []));
  if (value === undefined || more.length)
    throw new UsageError(
      `--pools ${label}: holds ${documents.length || "no"} documents; expected one with the operator's configuration, its list of pools, or the chart's values`,
    );
  const parsed = configuration.safeParse(configurationIn(value));
  if (!parsed.success) throw new UsageError(`--pools ${label}:\n${prettifyError(parsed.error)}`);
  return parsed.data;
}

function configurationIn(value: unknown): unknown {
  if (Array.isArray(value)) return { pools: value };
  if (typeof value === "object" && value !== null && "config" in value) return value.config ?? {};
  return value;
}

/**
 * A language as manifests write it, by RFC 5646: containers hold ISO 639-2 codes, and of a language that has two letters
 * `eng` and its kind are no tags (section 2.2.1), by which players would not find what their users speak.
 */
export function languageTag(language: string | null): string | null {
  if (language === null) return null;
  const [code = ""] = language.split("-");
  return canonical(language) ?? canonical(code) ?? null;
}

function canonical(tag: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(tag)[0];
  } catch {
    return undefined; // subtags that no language has
  }
}

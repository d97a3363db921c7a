/** Installed packages as pip lists them, ``name==version`` or ``name @ address`` a line: by name the version or address. */
export function parsePipList(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const [name, version] = line.trim().split(/==| @ /, 2);
    if (name && !name.startsWith("#")) found[name] = version ?? "";
  }
  return found;
}

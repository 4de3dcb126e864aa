/** Go's strconv.ParseBool: these spellings and no others (`yes`, `on` and `tRUE` are errors). */
const booleans: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false] as const),
]);

export function parseBoolean(text: string): boolean | undefined {
  return booleans.get(text);
}

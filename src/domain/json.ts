/** Narrowing of data from outside: the engine's JSON, state files. What is missing or of another type is `undefined`. */

export type JsonObject = { readonly [key: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectAt(value: unknown, key: string): JsonObject {
  const child = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return isObject(child) ? child : {};
}

export function textAt(value: unknown, key: string): string | undefined {
  const child = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return typeof child === 'string' ? child : undefined;
}

export function numberAt(value: unknown, key: string): number | undefined {
  const child = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return typeof child === 'number' ? child : undefined;
}

export function flagAt(value: unknown, key: string): boolean {
  return isObject(value) && Object.hasOwn(value, key) && value[key] === true;
}

export function listAt(value: unknown, key: string): readonly unknown[] {
  const child = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return Array.isArray(child) ? child : [];
}

export function textsAt(value: unknown, key: string): readonly string[] {
  return texts(listAt(value, key));
}

export function texts(values: readonly unknown[]): readonly string[] {
  return values.filter((value) => typeof value === 'string');
}

/** A map of strings (labels, options); other values are left out. */
export function textMapAt(value: unknown, key: string): { readonly [name: string]: string } {
  const entries = Object.entries(objectAt(value, key)).flatMap(([name, text]) =>
    typeof text === 'string' ? [[name, text] as const] : [],
  );
  return Object.fromEntries(entries);
}

import assert from 'node:assert/strict';

/**
 * Asserts that the fields which `expected` names have exactly these values, whatever else the object holds.
 * A failure shows each field by its name. Nothing at all has every field undefined.
 */
export function assertFields<T extends object>(actual: T | null | undefined, expected: Partial<NoInfer<T>>): void {
  const names = Object.keys(expected) as (keyof T)[];
  assert.deepEqual(Object.fromEntries(names.map((name) => [name, actual?.[name]])), expected);
}

/** What one part of the recount has looked at, and what it found wrong. */
export type Finding = { what: string; counted: number; wrong: string[] };

const MAX_SHOWN = 20;

/** Prints what was counted and what is wrong. @returns true when nothing is */
export function report(findings: Finding[]): boolean {
  for (const { what, counted, wrong } of findings) {
    console.log(
      `  ${wrong.length === 0 ? 'ok   ' : 'WRONG'}  ${counted} ${what}${wrong.length ? `: ${wrong.length}` : ''}`,
    );
    for (const line of wrong.slice(0, MAX_SHOWN)) console.log(`           ${line}`);
  }
  return findings.every(({ wrong }) => wrong.length === 0);
}

/** Compares what should be with what is, by a key; both are shown as JSON. */
export function compare<Row>(what: string, expected: Row[], found: Row[], keyOf: (row: Row) => string): Finding {
  const wrong: string[] = [];
  const left = new Map<string, Row>();
  for (const row of found) {
    if (left.has(keyOf(row))) wrong.push(`twice: ${JSON.stringify(row)}`);
    left.set(keyOf(row), row);
  }
  for (const row of expected) {
    const text = JSON.stringify(row);
    const is = left.get(keyOf(row));
    if (is === undefined) wrong.push(`missing: ${text}`);
    else if (JSON.stringify(is) !== text) wrong.push(`should be ${text}, is ${JSON.stringify(is)}`);
    left.delete(keyOf(row));
  }
  for (const row of left.values()) wrong.push(`nobody asked for ${JSON.stringify(row)}`);
  return { what, counted: expected.length, wrong };
}

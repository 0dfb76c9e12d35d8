import type { RowVerdict } from './import.ts';

/** Verdicts of rows one after the other, as they are kept: most of them are a word each. */
export function writeVerdicts(verdicts: readonly RowVerdict[]): string {
  return JSON.stringify(verdicts.map(({ result, message }) => (message === null ? result : [result, message])));
}

export function readVerdicts(text: string): RowVerdict[] {
  const verdicts = JSON.parse(text) as (string | [string, string])[];
  return verdicts.map((verdict) =>
    typeof verdict === 'string' ? { result: verdict, message: null } : { result: verdict[0], message: verdict[1] },
  );
}

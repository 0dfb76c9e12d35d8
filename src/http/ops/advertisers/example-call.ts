import { PLAIN_VOCABULARY, type Vocabulary } from '../../../domain/vocabulary.ts';

/**
 * A status call as this advertiser would make it, in its own words and names.
 * @param token null where its calls carry none
 */
export function exampleCall(postbackUrl: string, vocabulary: Vocabulary | null, token: string | null): string {
  const { words, default_status: bare, parameters } = vocabulary ?? PLAIN_VOCABULARY;
  const word = Object.entries(words).find(([, meaning]) => meaning === 'approved')?.[0] ?? 'approved';
  const sent = new URLSearchParams({
    [parameters.conversion_id ?? 'conversion_id']: 'CONVERSION_ID',
    ...(bare === null && { [parameters.status ?? 'status']: word }),
    ...(token !== null && { [parameters.token ?? 'token']: token }),
  });
  return `${postbackUrl}?${sent.toString()}`;
}

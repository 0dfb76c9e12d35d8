import type { ConversionFacts } from '../db/reports/conversion-facts.ts';

const LISTS = ['conversions', 'statusCalls', 'settlements', 'rewardEntries', 'postbacks', 'flags'] as const;

/**
 * The facts of each conversion by itself, in their order. One pass over all of them: a lead may have thousands.
 * @returns the facts of the conversion with this id
 */
export function splitFacts(facts: ConversionFacts): (conversionId: string) => ConversionFacts {
  const parts = new Map<string, ConversionFacts>();
  const partOf = (conversionId: string) => {
    const part = parts.get(conversionId) ?? emptyLike(facts);
    parts.set(conversionId, part);
    return part;
  };
  const ownerOf = new Map(facts.postbacks.map(({ postback_id, conversion_id }) => [postback_id, conversion_id]));
  for (const list of LISTS)
    for (const row of facts[list]) (partOf(row.conversion_id ?? '')[list] as unknown[]).push(row);
  for (const list of ['statuses', 'prices'] as const) {
    for (const row of facts[list]) (partOf(row.conversionId)[list] as unknown[]).push(row);
  }
  for (const attempt of facts.attempts) partOf(ownerOf.get(attempt.postback_id) ?? '').attempts.push(attempt);
  return partOf;
}

function emptyLike({ isWhole }: ConversionFacts): ConversionFacts {
  return {
    ...{ conversions: [], statuses: [], prices: [], statusCalls: [], settlements: [], rewardEntries: [] },
    ...{ postbacks: [], attempts: [], flags: [], isWhole },
  };
}

import { checkUrlTemplate, fillUrlTemplate, type TemplateProblem } from './url-template.ts';

export const offerMacros = ['conversion_id', 'offer_id'] as const;

const VOCABULARY = {
  macros: offerMacros,
  synonyms: {
    clickid: 'conversion_id',
    subid: 'conversion_id',
    tid: 'conversion_id',
    transactionid: 'conversion_id',
  },
  example: 'conversion_id',
};

const NEEDS_NO_ENCODING = /^[A-Za-z0-9_-]+$/;

/** Everything that is wrong with an offer's destination; empty when it may be stored. */
export function checkOfferUrl(url: string): TemplateProblem[] {
  const problems = checkUrlTemplate(url, VOCABULARY);
  if (problems.length > 0 || url.includes('{conversion_id}')) return problems;
  const message = 'the URL must contain {conversion_id}: it is what the advertiser hands back with a status';
  return [{ code: 'missing_macro', message }];
}

/**
 * Prepares an offer's destination for the click path, where filling it must cost no more than joining strings.
 * The result is ASCII, so it can go into a Location header whatever the advertiser typed.
 *
 * @throws UrlTemplateError for a URL that checkOfferUrl refuses
 */
export function compileOfferUrl(url: string, offerId: string): (conversionId: string) => string {
  const fill = (conversionId: string) => fillUrlTemplate(url, { conversion_id: conversionId, offer_id: offerId });
  const marker = findAbsentWord(fill('x'));
  const parts = fill(marker).split(marker);
  return (conversionId) => (NEEDS_NO_ENCODING.test(conversionId) ? parts.join(conversionId) : fill(conversionId));
}

/** A word that stands for the conversion id and cannot be mistaken for a part of the URL. */
function findAbsentWord(text: string): string {
  let word = 'conversion';
  while (text.includes(word)) word += '0';
  return word;
}

// Where the ops console shows things.
const at = (area: string) => (id: string) => `/ops/${area}/${encodeURIComponent(id)}`;

export const leadAt = at('leads');
export const conversionAt = at('conversions');
export const postbackAt = at('postbacks');
export const partnerAt = at('partners');
export const advertiserAt = at('advertisers');
export const offerAt = at('offers');
export const callAt = at('inbound');
export const importAt = at('imports');
export const pricesAt = at('prices');

export const ledgerOf = (partnerId: string) => `${partnerAt(partnerId)}/ledger`;

const SUBJECTS: Readonly<Record<string, (id: string) => string>> = {
  lead: leadAt,
  conversion: conversionAt,
  postback: postbackAt,
  partner: partnerAt,
  advertiser: advertiserAt,
  offer: offerAt,
  status_call: callAt,
  import: importAt,
  offer_cap: pricesAt,
  closed_offer: pricesAt,
  pull: (advertiserId) => `${advertiserAt(advertiserId)}/pull`,
  admin_key: () => '/ops/keys',
};

/** What a line of the audit log may be about. */
export const subjectTypes = [...Object.keys(SUBJECTS), 'signing_secret', 'price_list', 'payout'];

/** The page of what a line of the audit log is about; undefined when there is none. */
export function subjectAt(type: string, id: string): string | undefined {
  return SUBJECTS[type]?.(id);
}

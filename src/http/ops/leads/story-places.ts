import type { LeadStory } from '../../../stories/lead-story.ts';
import { advertiserAt, conversionAt, leadAt, offerAt, partnerAt, postbackAt } from '../addresses.ts';

type Told = Pick<LeadStory, 'lead_id' | 'linked_partner' | 'link_changes'> & {
  events: LeadStory['events'];
  conversions: Pick<LeadStory['conversions'][number], 'conversion_id' | 'offer' | 'advertiser' | 'postbacks'>[];
};

/** The pages of all that a story names, by id. */
export function placesIn({ lead_id, linked_partner, link_changes, events, conversions }: Told): Map<string, string> {
  const partners = [
    linked_partner,
    ...link_changes.flatMap(({ from, to }) => [from, to]),
    ...events.flatMap((event) => event.partner_id ?? []),
    ...conversions.flatMap(({ postbacks }) => postbacks.map((postback) => postback.partner_id)),
  ].filter((id) => id !== 'house');
  return new Map([
    ...partners.map((id) => [id, partnerAt(id)] as const),
    ...conversions.flatMap(({ conversion_id, offer, advertiser, postbacks }) => [
      [advertiser.advertiser_id, advertiserAt(advertiser.advertiser_id)] as const,
      [offer.offer_id, offerAt(offer.offer_id)] as const,
      [conversion_id, conversionAt(conversion_id)] as const,
      ...postbacks.map(({ postback_id: id }) => [id, postbackAt(id)] as const),
    ]),
    [lead_id, leadAt(lead_id)],
  ]);
}

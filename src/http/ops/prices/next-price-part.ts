import { writeCount } from '../../pages/console/write-numbers.ts';
import { tellCounted } from './price-text.ts';

/** What the parts below need as `it.texts`; they read an `offer` and its `standing`. */
export const nextPriceTexts = { tellCounted, writeCount };

/** What the next approved conversion brings. */
export const NEXT_PRICE = `<% if (standing?.isUnpaid) { %><%~ it.show.money(0, offer.reward.currency) %><% } else if (standing?.list) { %><%~ it.show.money(standing.tier.amount, standing.list.currency) %><% } else { %><%~ it.show.money(offer.reward.amount, offer.reward.currency) %><% } %>`;

/** Why it does. */
export const NEXT_REASON = `<% if (standing?.isUnpaid) { %>the cap is used up<% } else if (standing?.list) { %>tier from <%= it.texts.writeCount(standing.tier.from) %>: <%= it.texts.tellCounted(standing.counted, standing.list, standing.periodStart) %><% } else { %><span class="soft">its reward; no list applies</span><% } %><% if (standing?.partnersWithOwn) { %><br><span class="soft small"><%= standing.partnersWithOwn %> <%= standing.partnersWithOwn === 1 ? 'partner has' : 'partners have' %> prices of their own</span><% } %>`;

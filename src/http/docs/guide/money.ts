import { defineSection } from './guide-section.ts';

/** Whose a conversion is, and what it brings. */
export const moneySections = [
  defineSection(
    'compete',
    'Compete: who wins a lead',
    `
<ol>
<li>The last partner with a touch is the one whom the lead is linked to.</li>
<li>The partner who is linked when <code>approved</code> arrives wins the reward, and keeps the conversion: later corrections go to that partner, and a reversal revokes its reward.</li>
</ol>`,
  ),
  defineSection(
    'non-compete',
    'Non-compete: Cashcat comes last',
    `
<p>Cashcat has the lowest priority to any partner. A lead is Cashcat's own only as long as no partner ever touched it. A visit to Cashcat without a partner's link never takes a lead from you.</p>`,
  ),
  defineSection(
    'price',
    'Prices',
    `
<p>Every postback can carry the price: <code>{payout}</code> and <code>{currency}</code>. Prices may change, and may rise with the number of conversions that are approved for the advertiser or the offer in a day, a week or a month, whichever partner sends them; the price of yours is fixed when it is approved and never changes after that. Its page in the console says which tier it fell into and why. Until then <code>pending</code> shows what the conversion would bring as things stand. When a conversion is rejected and then approved again, it brings the price of its first approval.</p>
<p>An offer may pay for a limited number of conversions, a day or in all. A conversion beyond that is approved with a payout of 0 and the reason <code>cap_day</code> or <code>cap_total</code>; or the offer is taken from walls and links before, and what was clicked until then is still paid.</p>`,
  ),
  defineSection(
    'earnings',
    'Earnings and payouts',
    `
<p>Each change of what you have is a line: a <code>reward</code> when a conversion of yours is approved, a <code>revocation</code> when it is rejected afterwards, a <code>payout</code> when we pay you. <a href="/console/earnings">Earnings</a> in the console shows them with their conversions; <a href="#api">GET /v1/partner/ledger</a> gives the same. Each currency has a balance of its own.</p>
<p>A payout pays everything that was open before a moment, and closes it: its statement never changes again. If a conversion is rejected after it was paid out, that is a <code>correction</code> in what is open now, set off against what you earn next; so is its approval if it comes again.</p>`,
  ),
];

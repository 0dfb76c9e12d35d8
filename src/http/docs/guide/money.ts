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
<p>Every postback can carry the price: <code>{payout}</code> and <code>{currency}</code>. Prices may change; yours is fixed when the conversion is approved and never changes after that. Until then <code>pending</code> shows what the conversion would bring as things stand. When a conversion is rejected and then approved again, it brings the price of its first approval.</p>`,
  ),
];

import type { Response } from 'express';
import type { Offer } from '../../../db/offers.ts';
import type { PricePreview } from '../../../db/prices/price-previews.ts';
import { writeCount, writeMoney } from '../../pages/console/write-numbers.ts';
import { definePage, type mayOf } from '../ops-page.ts';
import type { DraftForm } from './draft-form.ts';
import { countsOptions, periodOptions } from './price-text.ts';

type DraftData = {
  offer: Offer;
  form: DraftForm;
  errors: Record<string, string>;
  /** Undefined while the draft is refused. */
  preview: PricePreview | undefined;
  may: ReturnType<typeof mayOf>;
};

/** In the words of the page; in the order in which they are told. */
const LEFT_OUT: [keyof PricePreview['left_out'], string][] = [
  ['house', "the house's own"],
  ['reversed', 'reversed'],
  ['other_list', 'priced by another list'],
  ['other_currency', 'paid in another currency'],
  ['unsettled', 'approved just now'],
];

const LABELS: Readonly<Record<string, string>> = {
  ...{ from: 'From', to: 'To', amount: 'the price', tiers: 'Prices', counts: 'What it counts', period: 'The period' },
  ...{ time_zone: 'The time zone', starts: 'The first day', partner_id: 'The partner:', currency: 'The currency' },
};

const texts = { writeCount, writeMoney, tellError, tellLeftOut, tellDifference };
const options = { countsOptions, periodOptions };

const TIERS_PART = `
<fieldset<% if (it.errors.tiers) { %> aria-describedby="tiers-error"<% } %>>
<legend>Prices, in <%= it.offer.reward.currency %></legend>
<% if (it.errors.tiers) { %><p class="error" id="tiers-error" role="alert" tabindex="-1"><%= it.errors.tiers %></p><% } %>
<div class="tier-rows">
<span class="soft small" aria-hidden="true">Approved before it, from</span><span class="soft small" aria-hidden="true">Price</span>
<% for (const [index, row] of it.form.rows.entries()) { const error = it.errors['from.' + index] ?? it.errors['amount.' + index]; %>
<input name="from.<%= index %>" value="<%= row.from %>" aria-label="Tier <%= index + 1 %>: approved before it, from" inputmode="numeric" maxlength="9" autocomplete="off"<% if (index === 0) { %> readonly<% } %><% if (it.errors['from.' + index]) { %> aria-invalid="true"<% } %>>
<input name="amount.<%= index %>" value="<%= row.amount %>" aria-label="Tier <%= index + 1 %>: price" inputmode="decimal" maxlength="20" autocomplete="off"<% if (it.errors['amount.' + index]) { %> aria-invalid="true"<% } %>>
<% if (error) { %><p class="error"><%= error %></p><% } %>
<% } %>
</div>
<div class="row"><button class="quiet" name="more" value="yes" formaction="<%= address %>/preview" formnovalidate>More tiers</button></div>
<p class="soft small">From 100 begins with the 101st. Rows that are left empty do not count.</p>
</fieldset>`;

const PREVIEW_PART = `
<div class="card">
<h2>What it would have cost</h2>
<div class="fields">
<%~ it.show.field({ name: 'preview_from', label: 'From', type: 'date', value: it.form.preview_from, error: it.errors.from }) %>
<%~ it.show.field({ name: 'preview_to', label: 'To', type: 'date', value: it.form.preview_to, error: it.errors.to }) %>
</div>
<p class="soft small">Left empty, the last 30 days.</p>
<div id="preview" hx-post="<%= address %>/preview" hx-include="#draft" hx-trigger="input delay:400ms from:#draft" hx-select="#preview > *" hx-target="this" hx-swap="innerHTML" hx-sync="this:replace" aria-live="polite">
<% const preview = it.preview; if (preview) { const { currency } = preview; %>
<% if (preview.approved === 0) { %>
<p class="soft">Nothing was approved from <%~ it.show.exactTime(preview.from) %> to <%~ it.show.exactTime(preview.to) %>.</p>
<% } else { %>
<p><%= it.texts.writeCount(preview.conversions) %> <%= preview.conversions === 1 ? 'conversion' : 'conversions' %> cost <strong><%~ it.show.money(preview.was, currency) %></strong>. Under this draft <%= preview.conversions === 1 ? 'it' : 'they' %> would have cost <strong><%~ it.show.money(preview.would_be, currency) %></strong><%= it.texts.tellDifference(preview) %>.</p>
<p class="soft small">Approved from <%~ it.show.exactTime(preview.from) %> to <%~ it.show.exactTime(preview.to) %>.</p>
<div class="scroll" tabindex="0" role="region" aria-label="What it cost"><table class="tiers">
<thead><tr><th scope="col">Tier</th><th scope="col" class="number">Approved</th><th scope="col" class="number">Cost, <%= currency %></th><th scope="col" class="number">Would cost</th></tr></thead>
<tbody>
<% for (const tier of preview.tiers) { %>
<tr><th scope="row">from <%= it.texts.writeCount(tier.from) %></th><td class="number"><%= it.texts.writeCount(tier.conversions) %></td><td class="number"><%= it.texts.writeMoney(tier.was, currency) %></td><td class="number"><%= it.texts.writeMoney(tier.would_be, currency) %></td></tr>
<% } %>
</tbody>
</table></div>
<% const leftOut = it.texts.tellLeftOut(preview); if (leftOut) { %><p class="soft small">Approved and counted, but not compared: <%= leftOut %>.</p><% } %>
<% if (preview.partners.length > 0) { %>
<details class="by-partner"><summary>By partner</summary>
<div class="scroll" tabindex="0" role="region" aria-label="What it cost"><table class="tiers">
<thead><tr><th scope="col">Partner</th><th scope="col" class="number">Approved</th><th scope="col" class="number">Cost, <%= currency %></th><th scope="col" class="number">Would cost</th></tr></thead>
<tbody>
<% for (const partner of preview.partners) { %>
<tr><th scope="row" class="wrap"><%= partner.partner_name %></th><td class="number"><%= it.texts.writeCount(partner.conversions) %></td><td class="number"><%= it.texts.writeMoney(partner.was, currency) %></td><td class="number"><%= it.texts.writeMoney(partner.would_be, currency) %></td></tr>
<% } %>
</tbody>
</table></div>
<% if (!preview.is_complete) { %><p class="soft small">The 100 with the most conversions; there are more.</p><% } %>
</details>
<% } %>
<% } %>
<% } else { %>
<% for (const [field, message] of Object.entries(it.errors)) { %><%~ it.show.notice({ tone: 'bad', text: it.texts.tellError(field, message) }) %><% } %>
<p class="soft">Here you see what a past time would have cost as soon as the draft can be used.</p>
<% } %>
</div>
<p class="row"><button class="plain" formaction="<%= address %>/preview" formnovalidate>Preview</button><% if (it.may.admin) { %> <button id="make">Make this list</button><% } %></p>
<% if (!it.may.admin) { %><p class="soft small">Somebody whose role is admin can make it.</p><% } %>
</div>`;

const sendPage = definePage<DraftData & { texts: typeof texts; options: typeof options }>(
  'prices',
  `
<% const address = '/ops/prices/' + encodeURIComponent(it.offer.offer_id); %>
<p class="small"><a href="<%= address %>">Prices of <%= it.offer.name %></a></p>
<div class="head"><h1>Draft a price list</h1><p>For <%= it.offer.name %>. Nothing changes until it is made; then it stays as it is, and a later list takes its place.</p></div>
<form method="post" action="<%= address %>" id="draft" class="split draft">
<%~ it.show.formToken() %>
<div class="card">
<h2>The list</h2>
${TIERS_PART}
<%~ it.show.select({ name: 'counts', label: 'It counts what is approved', value: it.form.counts, error: it.errors.counts, options: it.options.countsOptions }) %>
<%~ it.show.select({ name: 'period', label: 'In', value: it.form.period, error: it.errors.period, options: it.options.periodOptions, help: 'Then the counter begins anew.' }) %>
<%~ it.show.field({ name: 'time_zone', label: 'Time zone', value: it.form.time_zone, error: it.errors.time_zone, help: 'In which days, weeks and months begin, such as Europe/Berlin.', attributes: { required: '', maxlength: '64', autocomplete: 'off', spellcheck: 'false' } }) %>
<%~ it.show.field({ name: 'starts', label: 'Begins on', type: 'date', value: it.form.starts, error: it.errors.starts, help: 'At midnight in that time zone. Left empty, it begins at once.' }) %>
<%~ it.show.field({ name: 'partner_id', label: 'For one partner alone', value: it.form.partner_id, error: it.errors.partner_id, help: 'Its partner_id. Left empty, it is for all partners that have no list of their own.', attributes: { maxlength: '40', autocomplete: 'off', spellcheck: 'false' } }) %>
</div>
${PREVIEW_PART}
</form>
`,
);

/** A price list before it is made, beside what a past time would have cost under it. */
export function sendDraft(res: Response, status: number, data: DraftData): void {
  sendPage(res, { title: 'Draft a price list', status }, { ...data, texts, options });
}

/** An error where its field is not beside it. */
function tellError(field: string, message: string): string {
  const [name = '', row] = field.split('.');
  return row === undefined
    ? `${LABELS[name] ?? name} ${message}.`
    : `Tier ${Number(row) + 1}: ${LABELS[name]} ${message}.`;
}

function tellLeftOut({ left_out: leftOut }: PricePreview): string {
  return LEFT_OUT.filter(([reason]) => leftOut[reason] > 0)
    .map(([reason, words]) => `${writeCount(leftOut[reason])} ${words}`)
    .join(', ');
}

/** `, 6.7 % more` */
function tellDifference({ was, would_be: wouldBe }: PricePreview): string {
  if (was === wouldBe) return ', the same';
  if (was === 0) return '';
  const percent = (Math.abs(wouldBe - was) / was) * 100;
  return `, ${percent < 0.1 ? 'less than 0.1' : percent.toFixed(1)} % ${wouldBe > was ? 'more' : 'less'}`;
}

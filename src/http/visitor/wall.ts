import { randomBytes } from 'node:crypto';
import type { CatalogueOffer } from '../../catalogue/catalogue-offer.ts';
import { compilePage } from '../pages/templates.ts';

export type WallNotice = 'unknown_link' | 'unknown_offer';

export type Wall = {
  /** @param token carries the visitor's lead in the links; without one they go by the cookie */
  render(options: { token?: string | undefined; notice?: WallNotice | undefined }): string;
};

const NOTICES: Readonly<Record<WallNotice, { title: string; text: string }>> = {
  unknown_link: {
    title: 'This link leads nowhere',
    text: 'It may have been cut off on its way to you, or it is no longer in use.',
  },
  unknown_offer: {
    title: 'This offer has ended',
    text: 'It is no longer available, but there are others.',
  },
};

const HUES = 8;

type WallData = {
  notice: { title: string; text: string } | undefined;
  offers: { name: string; description: string; advertiser: string; link: string; initial: string; hue: number }[];
};

const renderPage = compilePage<WallData>(`
<% if (it.notice) { %>
<section class="notice" role="status">
<h1><%= it.notice.title %></h1>
<p><%= it.notice.text %></p>
</section>
<% } %>
<% if (it.offers.length > 0) { %>
<section class="intro">
<% if (it.notice) { %>
<h2>What you can take up today</h2>
<% } else { %>
<h1>Pick an offer. <span>Good ones only.</span></h1>
<p>Each button takes you straight to the company that makes the offer.</p>
<% } %>
</section>
<ul class="offers">
<% for (const offer of it.offers) { %>
<li class="offer">
<a href="<%= offer.link %>" rel="nofollow">
<span class="badge hue-<%= offer.hue %>" aria-hidden="true"><%= offer.initial %></span>
<span class="text">
<strong class="name"><%= offer.name %></strong>
<span class="by">by <%= offer.advertiser %></span>
<% if (offer.description) { %>
<span class="description"><%= offer.description %></span>
<% } %>
</span>
<span class="go">See the offer</span>
</a>
</li>
<% } %>
</ul>
<% } else { %>
<section class="empty">
<% if (it.notice) { %>
<h2>No offers right now</h2>
<% } else { %>
<h1>No offers right now</h1>
<% } %>
<p>We are choosing new ones. Please look in again a little later.</p>
</section>
<% } %>
`);

/**
 * The offer wall. Its HTML is made once for each content of the catalogue; a visit then costs putting the lead's token
 * between the pieces.
 */
export function createWall(listOffers: () => readonly CatalogueOffer[]): Wall {
  // Nothing that an offer's text could contain.
  const tokenMark = randomBytes(16).toString('hex');
  let offers: readonly CatalogueOffer[] | undefined;
  let rendered = new Map<string, string[]>();

  return {
    render({ token, notice }) {
      const latest = listOffers();
      if (latest !== offers) {
        offers = latest;
        rendered = new Map();
      }
      const variant = `${notice ?? ''} ${token === undefined ? '' : 'token'}`;
      const pieces = rendered.get(variant) ?? renderPieces(latest, token !== undefined, notice);
      rendered.set(variant, pieces);
      return token === undefined ? (pieces[0] ?? '') : pieces.join(encodeURIComponent(token));
    },
  };

  function renderPieces(
    content: readonly CatalogueOffer[],
    hasToken: boolean,
    notice: WallNotice | undefined,
  ): string[] {
    const title = notice ? `${NOTICES[notice].title} – Cashcat` : 'Offers for you – Cashcat';
    const frame = { page: 'wall', title, footer: 'Cashcat brings you to offers of independent companies.' };
    const query = hasToken ? `?lead=${tokenMark}` : '';
    const html = renderPage(frame, {
      notice: notice && NOTICES[notice],
      offers: content.map((offer) => toCard(offer, query)),
    });
    return html.split(tokenMark);
  }
}

function toCard(offer: CatalogueOffer, query: string): WallData['offers'][number] {
  const { name, description, advertiserName: advertiser, offerId } = offer;
  const initial = /[\p{L}\p{N}]/u.exec(name)?.[0].toUpperCase() ?? '';
  const hue = [...offerId].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 9973, 7) % HUES;
  return { name, description, advertiser, link: `/go/${encodeURIComponent(offerId)}${query}`, initial, hue };
}

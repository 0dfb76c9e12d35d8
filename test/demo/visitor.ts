import assert from 'node:assert/strict';
import { call } from '../support/network-over-http.ts';
import type { Narrator } from './narrator.ts';

export type Visitor = {
  /** Opens the offer wall by a partner's link, or by the house's own address. */
  opens(path: string): Promise<void>;
  /** Clicks the first offer of the wall that is open. @returns conversion_id */
  takesOffer(): Promise<string>;
};

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

/** A person with a browser: keeps cookies, clicks what the page offers and follows redirects. */
export function createVisitor(publicUrl: string, narrator: Narrator): Visitor {
  let cookie: string | undefined;
  let page = '';

  async function get(path: string) {
    const headers = { 'user-agent': BROWSER, ...(cookie !== undefined && { cookie }) };
    const answer = await call(publicUrl + path, { headers });
    cookie = String(answer.headers['set-cookie'] ?? cookie ?? '').split(';')[0] || undefined;
    return answer;
  }

  return {
    async opens(path) {
      const answer = await get(path);
      assert.equal(answer.status, 200, answer.body);
      page = answer.body;
      narrator.tell('visitor', `opens ${path}: ${answer.status}, the offer wall`);
    },
    async takesOffer() {
      const link = /href="(\/go\/[^"]+)"/.exec(page)?.[1];
      assert.ok(link, 'The page shows no offer.');
      const answer = await get(link);
      const location = String(answer.headers['location']);
      narrator.tell('visitor', `clicks ${link.replace(/(lead=.{12}).*/, '$1…')}: ${answer.status} to ${location}`);
      assert.equal(answer.status, 302, answer.body);

      const landing = await call(location);
      narrator.tell('visitor', `reads there: ${/<p>(.*)<\/p>/.exec(landing.body)?.[1]?.replace(/<[^>]+>/g, '')}`);
      const conversionId = new URL(location).searchParams.get('conversion_id');
      assert.ok(conversionId !== null && landing.body.includes(conversionId), `The bank does not see ${conversionId}.`);
      return conversionId;
    },
  };
}

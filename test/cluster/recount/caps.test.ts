import assert from 'node:assert/strict';
import type { Cap, Entry } from '../journal.ts';
import { recountCaps } from './caps.ts';
import { recountClosedOffers } from './closed-offers.ts';
import type { EventRow, Facts } from './facts.ts';
import { at, network, rightFacts, time } from './right-trial.ts';

const AFTER_MIDNIGHT = 24 * 60 * 60;

describe('the recount of caps', () => {
  let facts: Facts;
  let entries: Entry[];

  // Three approvals of each offer, the last of them on the next day.
  beforeEach(() => {
    facts = { ...rightFacts(), eventsByLead: new Map() };
    entries = [];
    [10, 20, AFTER_MIDNIGHT + 10].forEach((seconds, index) => {
      approve('o', seconds, { price_counted: index === 2 ? 0 : 2 * index });
      approve('c', seconds + 1, { price_counted: index === 2 ? 1 : 2 * index + 1 });
    });
  });

  it('finds nothing where each approval is worth something up to the cap of the day, and of all days', () => {
    setCap('o', 1, { day: 1, total: 2, beyond: 'pay_nothing' });
    beyondCap('o', 20, 'cap_day', 1);
    beyondCap('o', AFTER_MIDNIGHT + 10, 'cap_total', 2);
    assert.deepEqual(wrongCaps(), []);
  });

  it('sees an approval beyond the cap that is paid, and one before it that is not', () => {
    setCap('o', 1, { day: 2, total: null, beyond: 'pay_nothing' });
    assert.deepEqual(wrongCaps(), []);
    beyondCap('o', 20, 'cap_day', 2);
    assert.match(wrongCaps().join(), /cap_day of 2, not no cap/);
    setCap('o', 2, { day: 1, total: null, beyond: 'pay_nothing' });
    assert.match(wrongCaps().join(), /cap_day of 2, not cap_day of 1/);
  });

  it('allows either verdict while a cap is being changed', () => {
    setCap('o', 1, { day: 1, total: null, beyond: 'pay_nothing' });
    entries.push({ at: at(19), type: 'capping', offerId: 'o', cap: { day: 5, total: null, beyond: 'pay_nothing' } });
    assert.deepEqual(wrongCaps(), []);
    beyondCap('o', 20, 'cap_day', 1);
    assert.deepEqual(wrongCaps(), []);
    entries.push({ at: at(19.5), type: 'capped', offerId: 'o' });
    assert.equal(wrongCaps().length, 1);
  });

  it('sees a price that is left out of an offer which only closes', () => {
    setCap('c', 1, { day: null, total: 1, beyond: 'close_offer' });
    beyondCap('c', 21, 'cap_total', 1);
    assert.match(wrongCaps().join(), /cap_total of 1, not no cap/);
  });

  it('sees a visitor sent away from an open offer, and one that converted long after it was closed', () => {
    setCap('c', 1, { day: null, total: 2, beyond: 'close_offer' });
    setCap('c', 100, { day: null, total: 9, beyond: 'close_offer' });
    entries.push({ at: at(50), type: 'closed', offerId: 'c' });
    click('c', 30);
    click('c', 101);
    assert.deepEqual(wrongClosed(), [[], []]);
    entries.push({ at: at(15), type: 'closed', offerId: 'c' }, { at: at(130), type: 'closed', offerId: 'c' });
    click('c', 60);
    assert.deepEqual(
      wrongClosed().map(({ length }) => length),
      [2, 1],
    );
  });

  function approve(offer_id: string, seconds: number, changes: Partial<EventRow>): void {
    const [event] = rightFacts().eventsByLead.get('by file')!.slice(-1) as [EventRow];
    const lead_id = `${offer_id} ${seconds}`;
    const approval = { ...event, lead_id, seq: 1, at: time(seconds), conversion_id: lead_id, offer_id, ...changes };
    facts.eventsByLead.set(lead_id, [approval]);
  }

  function click(offer_id: string, seconds: number): void {
    const [event] = rightFacts().eventsByLead.get('by file') as [EventRow];
    facts.eventsByLead.set(`click ${seconds}`, [{ ...event, at: time(seconds), offer_id }]);
  }

  function setCap(offerId: string, seconds: number, cap: Cap): void {
    entries.push({ at: at(seconds), type: 'capping', offerId, cap }, { at: at(seconds), type: 'capped', offerId });
  }

  function beyondCap(
    offerId: string,
    seconds: number,
    price_cap: EventRow['price_cap'],
    price_cap_limit: number,
  ): void {
    Object.assign(facts.eventsByLead.get(`${offerId} ${seconds}`)![0]!, { price_cap, price_cap_limit });
  }

  function wrongCaps(): string[] {
    return recountCaps({ entries, add: () => undefined }, facts, network).wrong;
  }

  function wrongClosed(): string[][] {
    return recountClosedOffers({ entries, add: () => undefined }, facts, network).map(({ wrong }) => wrong);
  }
});

import assert from 'node:assert/strict';
import { createFilePlaces } from '../../../src/http/imports/file-places.ts';

describe('the places for files that come in', () => {
  const own = (advertiserId: string) => ({ advertiserId, stranger: null });
  const unproven = (stranger: string) => ({ advertiserId: 'signer', stranger });

  it('are four, of which one advertiser has two', () => {
    const places = createFilePlaces();
    const leave = places.take(own('bank'));
    places.take(own('bank'));
    assert.throws(() => places.take(own('bank')), /2 files of advertiser bank are coming in/);
    for (const advertiserId of ['shop', 'store']) places.take(own(advertiserId));
    assert.throws(() => places.take(own('other')), /Too many files/);
    leave();
    leave();
    places.take(own('bank'));
    assert.throws(() => places.take(own('other')), /Too many files/);
  });

  it('are not all taken by strangers, and one of them has but one', () => {
    const places = createFilePlaces();
    places.take(unproven('192.0.2.0/24'));
    assert.throws(() => places.take(unproven('192.0.2.0/24')), /nothing but their signature/);
    const leave = places.take(unproven('198.51.100.0/24'));
    assert.throws(() => places.take(unproven('203.0.113.0/24')), /nothing but their signature/);
    leave();
    places.take(unproven('203.0.113.0/24'));
  });

  it('of an advertiser are not those that strangers take in its name', () => {
    const places = createFilePlaces();
    for (const network of ['192.0.2.0/24', '198.51.100.0/24']) places.take(unproven(network));
    for (let count = 0; count < 2; count++) places.take(own('signer'));
  });
});

import assert from 'node:assert/strict';
import {
  buildPostbackRequest,
  checkPostbackSettings,
  type Postback,
} from '../../../src/domain/postbacks/postback-settings.ts';
import { lintSettings } from '../../../src/domain/postbacks/settings-lint.ts';
import { statuses, type Status } from '../../../src/domain/status.ts';
import { buildReferralLink, checkPresetValues, settingsFromPreset } from '../../../src/domain/trackers/fill-preset.ts';
import { findPreset, trackerPresets } from '../../../src/domain/trackers/presets.ts';
import { recogniseTracker } from '../../../src/domain/trackers/recognise-tracker.ts';
import { trackerIds, type TrackerPreset } from '../../../src/domain/trackers/tracker-preset.ts';
import { createAddressRules } from '../../../src/outbound/address-rules.ts';
import { checkSettingsToSave } from '../../../src/outbound/settings-check.ts';

const publicInternet = createAddressRules({ allowCidrs: [] });

function examplesOf({ fields }: TrackerPreset): Record<string, string> {
  return Object.fromEntries(fields.map(({ name, example }) => [name, example]));
}

function preset(id: string): TrackerPreset {
  const found = findPreset(id);
  assert.ok(found, id);
  return found;
}

function postback(status: Status): Postback {
  return {
    status,
    refId: 'click-1',
    conversionId: 'conversion1',
    postbackId: `postback-${status}`,
    payoutMinor: status === 'rejected' ? 0 : 1250,
    currency: 'USD',
    offerId: 'offer1',
    partnerId: 'abcdefghigk',
    eventTime: '2026-01-02T03:04:05.678Z',
    reason: null,
  };
}

function urlFor(id: string, status: Status): string {
  return buildPostbackRequest(settingsFromPreset(preset(id), examplesOf(preset(id))), postback(status)).url;
}

describe('the tracker presets', () => {
  it('are one for each tracker that settings may name', () => {
    assert.deepEqual(trackerPresets.map(({ id }) => id).sort(), [...trackerIds].sort());
    assert.equal(trackerPresets.length, 18);
  });

  for (const each of trackerPresets) {
    describe(`for ${each.name}`, () => {
      const settings = settingsFromPreset(each, examplesOf(each));
      const urls = [settings.url, ...Object.values(settings.status_urls)];

      it('becomes settings that can be saved and need no warning', () => {
        assert.deepEqual(checkSettingsToSave(settings, publicInternet), []);
        assert.deepEqual(lintSettings(settings), []);
        assert.equal(settings.tracker, each.id);
      });

      it('becomes a URL for each status that it sends, with nothing left unfilled', () => {
        assert.ok(settings.statuses.includes('approved'));
        for (const status of settings.statuses) {
          const { url } = buildPostbackRequest(settings, postback(status));
          assert.equal(new URL(url).protocol, 'https:');
          assert.match(url, /=click-1(&|$)/);
          assert.doesNotMatch(url, /[<>{}]|%3C|%7B/i);
        }
      });

      it('has no other id for a repeat than {conversion_id}, which stays the same in every status', () => {
        assert.ok(urls.every((url) => !url.includes('{postback_id}')));
        const { url } = settings;
        assert.equal(url.includes('{conversion_id}'), each.dedupe_macro !== null);
      });

      it('says in one sentence what to tick, and where that is written', () => {
        assert.match(each.success_note, /^[A-Z].{20,}[^.]\.$/);
        assert.ok(each.setup_steps.length > 0);
        assert.equal(new URL(each.docs_url).protocol, 'https:');
      });

      it('says when it was checked, or what was not', () => {
        if (each.verified_at === null) assert.ok(each.unverified);
        else assert.match(each.verified_at, /^\d{4}-\d\d-\d\d$/);
        if (each.link_macro === null) assert.ok(each.unverified);
      });

      it('uses each of its fields, and no other', () => {
        const placeholders = [each.url, ...Object.values(each.url_by_status)].join(' ').match(/<(\w+)>/g) ?? [];
        const names = each.fields.map(({ name }) => `<${name}>`);
        assert.deepEqual([...new Set(placeholders)].sort(), names.sort());
      });

      it('sends only words that the tracker knows', () => {
        for (const status of Object.keys(each.status_words)) assert.ok(each.send.includes(status as Status), status);
      });
    });
  }

  it('say plainly which are not verified', () => {
    const ids = trackerPresets.filter(({ verified_at }) => verified_at === null).map(({ id }) => id);
    assert.deepEqual(ids.sort(), ['adsbridge', 'altercpa', 'swaarm']);
  });

  it('send to Voluum, ClickFlare, TUNE and AdsBridge only what is approved, because they would count the rest', () => {
    for (const id of ['voluum', 'clickflare', 'tune', 'adsbridge']) assert.deepEqual(preset(id).send, ['approved'], id);
  });

  it('speak the words of RedTrack and the numbers of Affise', () => {
    assert.match(urlFor('redtrack', 'rejected'), /&status=declined&rdtk_event_id=conversion1$/);
    assert.match(urlFor('redtrack', 'approved'), /&status=approved&/);
    const numbers = statuses.map((status) => new URL(urlFor('affise', status)).searchParams.get('status'));
    assert.deepEqual(numbers, ['2', '1', '3']);
  });

  it('tell Keitaro in the URL what our words mean', () => {
    assert.equal(
      urlFor('keitaro', 'pending'),
      'https://track.example.com/a1b2c3d/postback?subid=click-1&status=pending&payout=12.50&tid=conversion1&lead_status=pending&sale_status=approved&rejected_status=rejected&from=Cashcat',
    );
  });

  it('take a conversion back from Everflow by its reversal URL, never without event_id=0', () => {
    assert.equal(urlFor('everflow', 'rejected'), 'https://www.example.com/reversal?transaction_id=click-1&event_id=0');
    assert.equal(
      urlFor('everflow', 'approved'),
      'https://www.example.com/?nid=1234&transaction_id=click-1&order_id=conversion1',
    );
  });

  it('begin a lead of AlterCPA by one URL and change it by another', () => {
    assert.match(
      urlFor('altercpa', 'pending'),
      /\/api\/site\/click\.json\?token=344387eb&click=click-1&exto=conversion1$/,
    );
    assert.match(urlFor('altercpa', 'approved'), /\/status\.json\?.*&status=approve&/);
    assert.match(urlFor('altercpa', 'rejected'), /\/status\.json\?.*&status=cancel&/);
  });

  it('warn that FunnelFlux deletes what is rejected', () => {
    assert.match(preset('funnelflux').caution ?? '', /deletes/);
  });

  it('are recognised again by the shape of their URL, unless another tracker has the same', () => {
    const recognised = trackerPresets.map((each) => {
      const { url } = settingsFromPreset(each, examplesOf(each));
      return [each.id, recogniseTracker(new URL(url))];
    });
    const others = recognised.filter(([id, found]) => id !== found);
    assert.deepEqual(others, [
      ['orbitra', 'keitaro'],
      ['voluum', null],
      ['bemob', null],
    ]);
  });
});

describe("a partner's values for a preset", () => {
  const keitaro = preset('keitaro');

  it('may be pasted as they stand in the address bar', () => {
    const settings = settingsFromPreset(keitaro, { domain: ' https://t.example.com:8443/binom/ ', key: 'k1' });
    assert.match(settings.url, /^https:\/\/t\.example\.com:8443\/binom\/k1\/postback\?/);
  });

  it('cannot change where the URL leads', () => {
    const settings = settingsFromPreset(keitaro, { domain: 't.example.com', key: '../x?a=1#{status}' });
    assert.match(settings.url, /^https:\/\/t\.example\.com\/\.\.%2Fx%3Fa%3D1%23%7Bstatus%7D\/postback\?/);
    for (const domain of ['a@b.example', 't.example.com?x=', 't.example.com/#', '{ref_id}', 'a b', '-', 't..\\x']) {
      assert.deepEqual(
        checkPresetValues(keitaro, { domain, key: 'k' }).map(({ field }) => field),
        ['domain'],
        domain,
      );
    }
  });

  it('are asked for by name with an example', () => {
    assert.deepEqual(checkPresetValues(keitaro, { key: 'k' }), [
      { field: 'domain', message: 'give the Domain of your tracker, such as track.example.com' },
    ]);
    assert.throws(() => settingsFromPreset(keitaro, {}), RangeError);
  });

  it('still pass through the check of settings', () => {
    const bad = settingsFromPreset(keitaro, { domain: 't.example.com:22', key: 'k' });
    assert.match(checkPostbackSettings(bad)[0]?.message ?? '', /port 22/);
  });
});

describe('a referral link', () => {
  it("carries the tracker's own macro as the tracker writes it", () => {
    const link = (id: string | null) =>
      buildReferralLink('https://cashcat.example', 'abcdefghigk', id === null ? null : preset(id));
    assert.equal(link('keitaro'), 'https://cashcat.example/abcdefghigk/?ref_id={subid}');
    assert.equal(link('cpv-lab'), 'https://cashcat.example/abcdefghigk/?ref_id={!subid!}');
    assert.equal(link('adsbridge'), 'https://cashcat.example/abcdefghigk/?ref_id=CLICK_ID');
    assert.equal(link(null), 'https://cashcat.example/abcdefghigk/?ref_id=CLICK_ID');
  });
});

import type { PresetField, TrackerPreset } from './tracker-preset.ts';

const READ_ON = '2026-11-26';

const domain: PresetField = {
  name: 'domain',
  label: 'Your tracking domain',
  example: 'yourname.example.com',
  kind: 'address',
};

const voluum: TrackerPreset = {
  id: 'voluum',
  name: 'Voluum',
  link_macro: '{clickid}',
  method: 'GET',
  url: 'https://<domain>/postback?cid={ref_id}&payout={payout}&txid={conversion_id}',
  url_by_status: {},
  fields: [domain],
  send: ['approved'],
  status_words: {},
  known_words: null,
  dedupe_macro: '{conversion_id}',
  success_note:
    'Tick nothing: a second postback with the same cid and txid is dropped, which is why only approved is sent.',
  setup_steps: [
    'Take the domain from the postback URL of your Voluum (Settings, Domains).',
    'Use the referral link with {clickid} as the URL of the offer.',
  ],
  caution:
    'Voluum takes a conversion back only by a manual upload with a negative payout: look at your rejected conversions here from time to time.',
  docs_url: 'https://doc.voluum.com/article/parameters-in-postback-urls',
  verified_at: READ_ON,
  unverified: null,
};

const redtrack: TrackerPreset = {
  id: 'redtrack',
  name: 'RedTrack',
  link_macro: '{clickid}',
  method: 'GET',
  url: 'https://<domain>/postback?clickid={ref_id}&sum={payout}&status={status}&rdtk_event_id={conversion_id}',
  url_by_status: {},
  fields: [domain],
  send: ['pending', 'approved', 'rejected'],
  status_words: { rejected: 'declined' },
  known_words: ['pending', 'approved', 'declined'],
  dedupe_macro: '{conversion_id}',
  success_note: 'In the offer source set "Default duplicate postback mode" to "Edit conversion with new data".',
  setup_steps: [
    'Make an offer source for Cashcat in RedTrack and take the domain from its postback URL.',
    'Set "Default duplicate postback mode" to "Edit conversion with new data".',
    'Use the referral link with {clickid} as the URL of the offer.',
  ],
  caution: null,
  docs_url:
    'https://help.redtrack.io/knowledgebase/kb/tracker-setup-for-affiliates/offer-sources/duplicate-postback-settings/',
  verified_at: READ_ON,
  unverified:
    'That the payout is called sum was not found in the documents of RedTrack: compare with your postback URL.',
};

const bemob: TrackerPreset = {
  id: 'bemob',
  name: 'BeMob',
  link_macro: '{clickId}',
  method: 'GET',
  url: 'https://<domain>/postback?cid={ref_id}&payout={payout}&txid={conversion_id}&status={status}',
  url_by_status: {},
  fields: [domain],
  send: ['pending', 'approved', 'rejected'],
  status_words: {},
  known_words: null,
  dedupe_macro: '{conversion_id}',
  success_note:
    'In the affiliate network tick "Use postback statuses" and type our words: pending as new, approved as confirmed, rejected as rejected.',
  setup_steps: [
    'Make an affiliate network for Cashcat in BeMob and take the domain from its postback URL.',
    'Tick "Use postback statuses" and type our three words into the fields.',
    'Leave "Accept double postbacks" off.',
    'Use the referral link with {clickId} as the URL of the offer.',
  ],
  caution: 'If you accept postbacks from white IPs only, ask us for our addresses first.',
  docs_url: 'https://help.bemob.com/docs/using-postback-statuses',
  verified_at: READ_ON,
  unverified: null,
};

const peerclick: TrackerPreset = {
  id: 'peerclick',
  name: 'PeerClick',
  link_macro: '{clickid}',
  method: 'GET',
  url: 'https://pstb.peerclick.com/postback?cid={ref_id}&payout={payout}&status={status}&txid={conversion_id}',
  url_by_status: {},
  fields: [],
  send: ['pending', 'approved', 'rejected'],
  status_words: {},
  known_words: null,
  dedupe_macro: '{conversion_id}',
  success_note:
    'In Settings, Statistics type our words: pending as hold, approved as sale, rejected as reject; then check the input postback log.',
  setup_steps: [
    'In Settings, Statistics type our three words into the fields for hold, sale and reject.',
    'Use the referral link with {clickid} as the URL of the offer.',
    'Send a test from here and look for it in the input postback log.',
  ],
  caution: 'Older accounts have a userid in their postback URL: if yours has one, add it.',
  docs_url: 'https://help-center.peerclick.com/en/articles/10512589',
  verified_at: READ_ON,
  unverified: null,
};

const clickflare: TrackerPreset = {
  id: 'clickflare',
  name: 'ClickFlare',
  link_macro: '{cf_click_id}',
  method: 'GET',
  url: 'https://<domain>/cf/cv?click_id={ref_id}&payout={payout}&txid={conversion_id}',
  url_by_status: {},
  fields: [domain],
  send: ['approved'],
  status_words: {},
  known_words: null,
  dedupe_macro: '{conversion_id}',
  success_note: 'Tick nothing: ClickFlare knows no statuses, so only approved is sent.',
  setup_steps: [
    'Take the domain from the postback URL of your ClickFlare (Settings, Tracking URLs).',
    'Use the referral link with {cf_click_id} as the URL of the offer; {click_id} means the same.',
  ],
  caution: 'A conversion that is rejected later stays in ClickFlare.',
  docs_url: 'https://help.clickflare.io/en/tracking/click-flare-parameters-in-postback-urls',
  verified_at: READ_ON,
  unverified: null,
};

const adsbridge: TrackerPreset = {
  id: 'adsbridge',
  name: 'AdsBridge',
  link_macro: null,
  method: 'GET',
  url: 'https://<domain>/trackpixel/track?tid={ref_id}&amt={payout}&txid={status}',
  url_by_status: {},
  fields: [domain],
  send: ['approved'],
  status_words: {},
  known_words: null,
  dedupe_macro: null,
  success_note: 'Tick nothing: one conversion is kept for each click and txid, which is why only approved is sent.',
  setup_steps: [
    'Take the domain from the S2S postback URL of your AdsBridge (user menu, Tracking pixels).',
    'In the offer of AdsBridge put its click id token behind ref_id= of the referral link.',
  ],
  caution: 'AdsBridge reads txid as an event: pending and approved would become two conversions.',
  docs_url: 'https://www.adsbridge.com/guide/user-menu/',
  verified_at: null,
  unverified: 'The token of AdsBridge for its click id: choose it from the menu of the URL field in the offer.',
};

/** Trackers that are rented as a service. */
export const trackerServices: readonly TrackerPreset[] = [voluum, redtrack, bemob, peerclick, clickflare, adsbridge];

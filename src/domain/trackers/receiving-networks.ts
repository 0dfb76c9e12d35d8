import type { PresetField, TrackerPreset } from './tracker-preset.ts';

const READ_ON = '2026-11-26';

const domain: PresetField = {
  name: 'domain',
  label: 'Tracking domain of the network',
  example: 'offers.example.com',
  kind: 'address',
};

const token: PresetField = { name: 'token', label: 'Security token', example: '344387eb', kind: 'value' };

const affise: TrackerPreset = {
  id: 'affise',
  name: 'Affise',
  link_macro: '{clickid}',
  method: 'GET',
  url: 'https://<domain>/postback?clickid={ref_id}&action_id={conversion_id}&status={status}',
  url_by_status: {},
  fields: [{ ...domain, example: 'offers-yourname.affise.com' }],
  send: ['pending', 'approved', 'rejected'],
  status_words: { pending: '2', approved: '1', rejected: '3' },
  known_words: ['1', '2', '3', '5'],
  dedupe_macro: '{conversion_id}',
  success_note:
    'In the offer keep action_id as the key against duplicates; a secure code set there must be added to the URL.',
  setup_steps: [
    'Take the domain from the postback URL of the offer in Affise.',
    'If the offer has a secure postback code, add &secure=CODE to the URL.',
    'Use the referral link with {clickid} as the tracking URL of the offer.',
  ],
  caution: 'Affise changes only conversions that are pending: a correction after a decision is refused.',
  docs_url: 'https://help-center.affise.com/en/articles/6475468-affise-postback-url-parameters',
  verified_at: READ_ON,
  unverified: null,
};

const tune: TrackerPreset = {
  id: 'tune',
  name: 'TUNE (HasOffers)',
  link_macro: '{transaction_id}',
  method: 'GET',
  url: 'https://<domain>/aff_lsr?transaction_id={ref_id}',
  url_by_status: {},
  fields: [{ ...domain, example: 'yourname.go2cloud.org' }],
  send: ['approved'],
  status_words: {},
  known_words: null,
  dedupe_macro: null,
  success_note:
    'If "Unique ID" is on in the offer, add &conversion_unique_id={conversion_id} to the URL; if a security token is on, add it.',
  setup_steps: [
    'Take the domain from the postback URL of the offer in TUNE.',
    'Use the referral link with {transaction_id} as the offer URL.',
  ],
  caution: 'TUNE answers 200 also when it refuses: look at the body of the answer to your first test.',
  docs_url: 'https://support.tune.com/hc/en-us/articles/4413247665431-Receiving-Conversions-via-Postback-URL',
  verified_at: READ_ON,
  unverified: null,
};

const scaleo: TrackerPreset = {
  id: 'scaleo',
  name: 'Scaleo',
  link_macro: '{click_id}',
  method: 'GET',
  url: 'https://<domain>/track/conv-addchange?click_id={ref_id}&token=<token>&conv_status={status}',
  url_by_status: {},
  fields: [
    { ...domain, example: 'yourname.scaletrk.com' },
    { ...token, label: 'Advertiser security token' },
  ],
  send: ['pending', 'approved', 'rejected'],
  status_words: {},
  known_words: ['pending', 'approved', 'rejected', 'trash'],
  dedupe_macro: null,
  success_note: 'Switch the advertiser security token on: Scaleo takes changes of a status only with it.',
  setup_steps: [
    'Switch the advertiser security token on and copy it.',
    'Use the referral link with {click_id} as the URL of the offer.',
  ],
  caution: 'Scaleo changes the last conversion of a click.',
  docs_url: 'https://help.scaleo.io/article/484-ultimate-postbacks-add-change-conversion',
  verified_at: READ_ON,
  unverified: 'The macro {click_id} for the referral link: compare with the macros that your Scaleo lists.',
};

const everflow: TrackerPreset = {
  id: 'everflow',
  name: 'Everflow',
  link_macro: '{transaction_id}',
  method: 'GET',
  url: 'https://<domain>/?nid=<nid>&transaction_id={ref_id}&order_id={conversion_id}',
  url_by_status: { rejected: 'https://<domain>/reversal?transaction_id={ref_id}&event_id=0' },
  fields: [
    { ...domain, example: 'www.example.com' },
    { name: 'nid', label: 'Network id (nid)', example: '1234', kind: 'value' },
  ],
  send: ['approved', 'rejected'],
  status_words: {},
  known_words: null,
  dedupe_macro: '{conversion_id}',
  success_note: 'Check that "Allow duplicate conversions" is off, and never take event_id=0 out of the reversal URL.',
  setup_steps: [
    'Take the domain and the nid from the postback URL of the offer in Everflow.',
    'Use the referral link with {transaction_id} as the URL of the offer.',
    'If the conversion postback has a verification_token, add it to both URLs.',
  ],
  caution: 'A reversal without event_id=0 takes back everything that this visit ever brought.',
  docs_url: 'https://helpdesk.everflow.io/customer/reversal-postback-setup-for-processing-canceled-transactions',
  verified_at: READ_ON,
  unverified: 'The path of the conversion URL differs between accounts: compare with the postback URL of your offer.',
};

const swaarm: TrackerPreset = {
  id: 'swaarm',
  name: 'Swaarm',
  link_macro: '{id}',
  method: 'GET',
  url: 'https://<domain>/postback?click_id={ref_id}&status={status}',
  url_by_status: {},
  fields: [{ ...domain, example: 'track.yourname.swaarm-clients.com' }],
  send: ['approved', 'rejected'],
  status_words: {},
  known_words: null,
  dedupe_macro: null,
  success_note: 'Check by a test that your account reads status=rejected, and look at the postback log of Swaarm.',
  setup_steps: [
    'Copy the postback URL from the advertiser in Swaarm and compare it with this one: it differs between accounts.',
    'If it holds a security token, add that to the URL.',
    'Use the referral link with {id} as the URL of the offer.',
  ],
  caution:
    'Some click ids of Swaarm have 40 characters, and a ref_id takes at most 32: look at one of yours first. A longer one gets no postbacks.',
  docs_url: 'https://docs.swaarm.com/en/articles/4612478-advertiser-tracking-details',
  verified_at: null,
  unverified:
    'The postback URL and its parameters differ between accounts: compare with the one that Swaarm shows you.',
};

const altercpa: TrackerPreset = {
  id: 'altercpa',
  name: 'AlterCPA Pro',
  link_macro: null,
  method: 'GET',
  url: 'https://<domain>/api/site/status.json?token=<token>&click={ref_id}&status={status}&auto=1&exto={conversion_id}',
  url_by_status: {
    pending: 'https://<domain>/api/site/click.json?token=<token>&click={ref_id}&exto={conversion_id}',
  },
  fields: [domain, { ...token, label: 'Token of the external site' }],
  send: ['pending', 'approved', 'rejected'],
  status_words: { approved: 'approve', rejected: 'cancel' },
  known_words: ['hold', 'approve', 'cancel', 'trash'],
  dedupe_macro: '{conversion_id}',
  success_note: 'In the offer add an external site: its token is what the postbacks are recognised by.',
  setup_steps: [
    'In the offer open "External sites", add a site and copy its token.',
    'Put the click id of AlterCPA behind ref_id= of the referral link.',
  ],
  caution: null,
  docs_url: 'https://docs.altercpa.top/en/trackers/altercpa-pro/',
  verified_at: null,
  unverified:
    'The URLs come from a page that is not by the makers of AlterCPA Pro: check by a test that the status arrives.',
};

/** Networks that take conversions from us as from an advertiser. */
export const receivingNetworks: readonly TrackerPreset[] = [affise, tune, scaleo, everflow, swaarm, altercpa];

import type { PresetField, TrackerPreset } from './tracker-preset.ts';

const READ_ON = '2026-11-26';
const everyStatus: TrackerPreset['send'] = ['pending', 'approved', 'rejected'];

const domain: PresetField = {
  name: 'domain',
  label: 'Domain of your tracker',
  example: 'track.example.com',
  kind: 'address',
};

const keitaro: TrackerPreset = {
  id: 'keitaro',
  name: 'Keitaro',
  link_macro: '{subid}',
  method: 'GET',
  url: 'https://<domain>/<key>/postback?subid={ref_id}&status={status}&payout={payout}&tid={conversion_id}&lead_status=pending&sale_status=approved&rejected_status=rejected&from=Cashcat',
  url_by_status: {},
  fields: [
    domain,
    {
      name: 'key',
      label: 'Postback key: the part of your postback URL between the domain and /postback',
      example: 'a1b2c3d',
      kind: 'value',
    },
  ],
  send: everyStatus,
  status_words: {},
  known_words: ['lead', 'sale', 'rejected', 'rebill'],
  dedupe_macro: '{conversion_id}',
  success_note: 'Tick nothing: a further status of a conversion changes it; tick "Allow rebill" only to count upsells.',
  setup_steps: [
    'Copy the postback URL from Keitaro (Maintenance, Postback URL) and take its domain and key from it.',
    'In Keitaro make an affiliate network for Cashcat and choose it in the offer.',
    'Use the referral link with {subid} as the URL of the offer.',
    'If your Keitaro counts in another currency than your rewards, add &currency={currency} to the URL.',
  ],
  caution: 'Keitaro knows no way back from rejected: a conversion that is approved after all stays rejected there.',
  docs_url: 'https://docs.keitaro.io/en/conversions/postback.html',
  verified_at: READ_ON,
  unverified: null,
};

const orbitra: TrackerPreset = {
  ...keitaro,
  id: 'orbitra',
  name: 'Orbitra',
  known_words: ['lead', 'sale', 'rejected', 'registration', 'deposit', 'trash'],
  success_note: 'Tick nothing: a further status of the same click and transaction id changes the conversion.',
  setup_steps: [
    'Copy the postback URL from Orbitra (Settings, Postback URL) and take its domain and key from it.',
    'Use the referral link with {subid} as the URL of the offer.',
  ],
  caution: null,
  docs_url: 'https://github.com/fenjo26/Orbitra.link/wiki/Postbacks-and-conversions',
};

const binom1: TrackerPreset = {
  id: 'binom-1',
  name: 'Binom 1',
  link_macro: '{clickid}',
  method: 'GET',
  url: 'https://<domain>/click.php?cnv_id={ref_id}&payout={payout}&cnv_status={status}&cnv_currency={currency}',
  url_by_status: {},
  fields: [domain],
  send: everyStatus,
  status_words: {},
  known_words: null,
  dedupe_macro: null,
  success_note: 'In the offer leave "Upsell" off, else payouts add up with every status, and set its payout to "Auto".',
  setup_steps: [
    'Take the domain from the postback URL of your Binom (Settings, Tracking links), with the folder if it has one.',
    'Use the referral link with {clickid} as the URL of the offer.',
    'In the offer set the payout to "Auto" and leave "Upsell" off.',
  ],
  caution: 'Binom has one conversion per click: a second conversion of the same visit replaces the first.',
  docs_url: 'https://docs.binom.org/postback-url.php',
  verified_at: READ_ON,
  unverified: null,
};

const binom2: TrackerPreset = {
  ...binom1,
  id: 'binom-2',
  name: 'Binom 2',
  url: 'https://<domain>/click?cnv_id={ref_id}&payout={payout}&cnv_status={status}',
  docs_url: 'https://docs.binom.org/update-click-v2.php',
  unverified:
    'A page that is not by Binom names /postback?clickid= for Binom 2: compare with the postback URL in your settings.',
};

const cpvLab: TrackerPreset = {
  id: 'cpv-lab',
  name: 'CPV Lab / CPV One',
  link_macro: '{!subid!}',
  method: 'GET',
  url: 'https://<domain>/adclick.php?subid={ref_id}&revenue={payout}',
  url_by_status: {},
  fields: [domain],
  send: ['approved', 'rejected'],
  status_words: {},
  known_words: null,
  dedupe_macro: null,
  success_note: 'Check that the URL does not hold cladd=true: with it, revenue adds up instead of being replaced.',
  setup_steps: [
    'Take the domain from the postback URL of your campaign in CPV Lab.',
    'Use the referral link with {!subid!} as the URL of the offer.',
    'From version 6 on you may set up fields for a status and a transaction id: add &FIELD={status} and &FIELD={conversion_id}.',
  ],
  caution: 'The last revenue replaces the one before, so a rejected conversion ends with a revenue of 0.',
  docs_url: 'https://doc.cpvlab.pro/add-revenue-from-conversion-pixel.html',
  verified_at: READ_ON,
  unverified: 'The path is also shown as /adclick: compare with the postback URL of your campaign.',
};

const funnelflux: TrackerPreset = {
  id: 'funnelflux',
  name: 'FunnelFlux Pro',
  link_macro: '{hit}',
  method: 'GET',
  url: 'https://<domain>/pb/?hit={ref_id}&tx={conversion_id}&rev={payout}&status={status}',
  url_by_status: {},
  fields: [domain],
  send: everyStatus,
  status_words: {},
  known_words: ['pending', 'hold', 'preapproved', 'approved', 'rejected', 'reject', 'trash', 'cancelled'],
  dedupe_macro: '{conversion_id}',
  success_note: 'Tick nothing: FunnelFlux knows our words as they are.',
  setup_steps: [
    'Take the domain from the postback URL of your FunnelFlux.',
    'Use the referral link with {hit} as the URL of the offer.',
  ],
  caution: 'FunnelFlux deletes a conversion that becomes rejected, and shows a pending one with a revenue of 0.01.',
  docs_url: 'https://help.funnelflux.pro/en/article/tracking-conversions-1vtfnp5/',
  verified_at: READ_ON,
  unverified: null,
};

/** Trackers that partners run or rent for themselves, on a domain of their own. */
export const trackerSoftware: readonly TrackerPreset[] = [keitaro, orbitra, binom1, binom2, cpvLab, funnelflux];

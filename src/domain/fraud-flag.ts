// What looks odd about a conversion. A flag never stops anything: it is a hint for people, with its reason.

export const flagKinds = ['fast_status', 'late_touch', 'embedded_click', 'address_burst', 'shared_link'] as const;

const MINUTE = 60;

export type FlagKind = (typeof flagKinds)[number];

/** In numbers, and what else the reason names; which of them depends on the kind. */
export type FlagEvidence = Partial<{
  seconds: number;
  clicks: number;
  leads: number;
  visitors: number;
  within_seconds: number;
  status: string;
  destination: string;
  from_partner_id: string;
  /** False where the conversion was made after the touch. */
  after_conversion: boolean;
}>;

/** How ops call the kinds. */
export const flagNames: Readonly<Record<FlagKind, string>> = {
  fast_status: 'Status right after the click',
  late_touch: 'Touch right before the approval',
  embedded_click: 'Click from an embedded page',
  address_burst: 'Burst from one address',
  shared_link: 'Link used by many visitors',
};

/** Why a conversion was flagged, in a sentence. */
export function tellFlag(kind: FlagKind, evidence: FlagEvidence): string {
  const { seconds = 0, clicks = 0, leads = 0, visitors = 0, within_seconds: within = 0 } = evidence;
  switch (kind) {
    case 'fast_status':
      return seconds < 0
        ? `${evidence.status ?? 'The status'} happened ${count(-seconds, 'second')} before the click, says the advertiser.`
        : `${evidence.status ?? 'The status'} came ${tellSeconds(seconds)} after the click; a person takes longer.`;
    case 'late_touch':
      return `This partner touched the lead ${tellSeconds(seconds)} before the approval, ${evidence.after_conversion === false ? 'just before the conversion' : 'after the conversion'} was made; before that ${evidence.from_partner_id ?? 'another partner'} held it.`;
    case 'embedded_click':
      return `${count(clicks, 'click')} came from inside another page (${evidence.destination ?? 'embedded'}), where nobody sees or presses anything.`;
    case 'address_burst':
      return `${count(leads, 'lead')} touched by this partner's link came from one address within ${tellSpan(within)}.`;
    case 'shared_link':
      return `The link with this lead's token was used by ${count(visitors, 'visitor')} without a cookie within a day; it belongs to one.`;
  }
}

function tellSeconds(seconds: number): string {
  return seconds === 0 ? 'less than a second' : count(seconds, 'second');
}

function tellSpan(seconds: number): string {
  return seconds >= MINUTE && seconds % MINUTE === 0 ? count(seconds / MINUTE, 'minute') : count(seconds, 'second');
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

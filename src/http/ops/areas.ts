import type { AdminRole } from '../../domain/admin-role.ts';

export type OpsArea = {
  name: string;
  group: string;
  href: `/ops${string}`;
  icon: string;
  /** Who sees it; whoever may sign in when left out. */
  needs?: AdminRole;
};

const ADVERTISERS = 'What advertisers say';
const MONEY = 'Money';
const CATALOGUE = 'Catalogue';
const HOUSE = 'House';

/** The areas of the ops console in their order; each has its own pages. */
export const areas = {
  overview: { name: 'Overview', group: '', href: '/ops', icon: 'M4 19V10M10 19V5M16 19v-7M21 19H3' },
  leads: {
    name: 'Leads',
    group: '',
    href: '/ops/leads',
    icon: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM5 20a7 7 0 0 1 14 0',
  },
  conversions: {
    name: 'Conversions',
    group: '',
    href: '/ops/conversions',
    icon: 'M4 7h12l-3-3M20 17H8l3 3',
  },
  postbacks: { name: 'Postbacks', group: '', href: '/ops/postbacks', icon: 'M4 12h13M12 6l6 6-6 6' },

  inbound: {
    name: 'Inbound log',
    group: ADVERTISERS,
    href: '/ops/inbound',
    icon: 'M20 12H7M12 6l-6 6 6 6',
  },
  inbox: {
    name: 'Unknown words',
    group: ADVERTISERS,
    href: '/ops/inbox',
    icon: 'M4 13h4l2 3h4l2-3h4M4 13l3-8h10l3 8v6H4z',
  },
  late: {
    name: 'Late statuses',
    group: ADVERTISERS,
    href: '/ops/late',
    icon: 'M12 7v5l3 2M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z',
  },
  silence: {
    name: 'Silence',
    group: ADVERTISERS,
    href: '/ops/silence',
    icon: 'M5 5l14 14M9 9v3a3 3 0 0 0 5 2M15 11V6a3 3 0 0 0-5-2',
  },
  imports: {
    name: 'Imports',
    group: ADVERTISERS,
    href: '/ops/imports',
    icon: 'M12 4v11M7 10l5 5 5-5M5 20h14',
  },

  prices: { name: 'Prices', group: MONEY, href: '/ops/prices', icon: 'M4 12V4h8l8 8-8 8zM8 8h.01' },
  ledger: {
    name: 'Ledger',
    group: MONEY,
    href: '/ops/ledger',
    icon: 'M6 3h12v18H6zM10 8h4M10 12h4M10 16h2',
  },
  fraud: { name: 'Fraud flags', group: MONEY, href: '/ops/fraud', icon: 'M6 21V4h12l-3 4 3 4H6' },

  partners: {
    name: 'Partners',
    group: CATALOGUE,
    href: '/ops/partners',
    icon: 'M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM3 19a6 6 0 0 1 12 0M16 5a3 3 0 0 1 0 6M18 14a6 6 0 0 1 3 5',
  },
  advertisers: {
    name: 'Advertisers',
    group: CATALOGUE,
    href: '/ops/advertisers',
    icon: 'M4 20V9l8-5 8 5v11M9 20v-6h6v6',
  },
  offers: {
    name: 'Offers',
    group: CATALOGUE,
    href: '/ops/offers',
    icon: 'M4 8h16v12H4zM4 8l2-4h12l2 4M12 8v12',
  },
  endpoints: {
    name: 'Endpoints',
    group: CATALOGUE,
    href: '/ops/endpoints',
    icon: 'M3 12h4l3-7 4 14 3-7h4',
  },

  keys: {
    name: 'Admin keys',
    group: HOUSE,
    href: '/ops/keys',
    icon: 'M15 9a4 4 0 1 0-4 4h2v2h2v2h4v-3l-4-4',
  },
  audit: {
    name: 'Audit log',
    group: HOUSE,
    href: '/ops/audit',
    icon: 'M6 4h9l4 4v12H6zM9 12h6M9 16h6M9 8h3',
  },
} as const satisfies Record<string, OpsArea>;

export type Area = keyof typeof areas;

/** The areas of the console; each has its own pages. */
export const areas = {
  overview: { name: 'Overview', href: '/console', icon: 'M4 19V10M10 19V5M16 19v-7M21 19H3' },
  postbacks: { name: 'Postbacks', href: '/console/postbacks', icon: 'M4 12h13M12 6l6 6-6 6' },
  deliveries: { name: 'Deliveries', href: '/console/deliveries', icon: 'M5 6h14M5 12h14M5 18h9' },
  conversions: { name: 'Conversions', href: '/console/conversions', icon: 'M4 7h12l-3-3M20 17H8l3 3' },
  earnings: { name: 'Earnings', href: '/console/earnings', icon: 'M6 3h12v18H6zM10 8h4M10 12h4M10 16h2' },
  key: { name: 'Key and sign-in', href: '/console/key', icon: 'M15 9a4 4 0 1 0-4 4h2v2h2v2h4v-3l-4-4' },
  docs: { name: 'Docs', href: '/docs', icon: 'M6 4h9l4 4v12H6zM14 4v5h5M9 13h6M9 17h6' },
} as const;

export type Area = keyof typeof areas;

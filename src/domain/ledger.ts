/**
 * `reward`: what an approval brought. `revocation`: it was rejected afterwards. `correction`: either of them, after something
 * of the conversion was paid out. `payout`: what was paid, below 0.
 */
export const lineKinds = ['reward', 'revocation', 'correction', 'payout'] as const;

export type LineKind = (typeof lineKinds)[number];

/** Whether a line was paid out by now. A payout itself belongs to what it closes. */
export const lineStates = ['open', 'paid'] as const;

export type LineState = (typeof lineStates)[number];

/** By what an advertiser's calls show that they come from it. All that is agreed must hold. */
export type OriginProofs = {
  /** Each call carries a live token. */
  token: boolean;
  /** Each call is signed with a live secret, as Standard Webhooks does it. */
  signature: boolean;
  /** The CIDRs that calls may come from; null: from anywhere. */
  addresses: string[] | null;
};

/** Which proof of a call failed; `too_many` was refused unread, as too many with a wrong token had come before. */
export const refusalReasons = ['token', 'signature', 'address', 'too_many'] as const;
export type RefusalReason = (typeof refusalReasons)[number];

export type CallSlots = {
  /** Takes a slot of a partner and one of a URL's origin. @returns what gives them back; undefined when all of one are taken */
  take(partnerId: string, url: string): (() => void) | undefined;
};

/**
 * Bounds how many calls go to one origin, and how many to one partner, at the same time, so that no slow partner can hold
 * a whole worker, however many origins it has.
 */
export function createCallSlots({ perPartner, perOrigin }: { perPartner: number; perOrigin: number }): CallSlots {
  const ofPartners = createSlots(perPartner);
  const ofOrigins = createSlots(perOrigin);
  return {
    take(partnerId, url) {
      const giveBackPartner = ofPartners.take(partnerId);
      const giveBackOrigin = giveBackPartner && ofOrigins.take(new URL(url).origin);
      if (giveBackOrigin === undefined) {
        giveBackPartner?.();
        return undefined;
      }
      return () => {
        giveBackOrigin();
        giveBackPartner?.();
      };
    },
  };
}

function createSlots(slotsPerKey: number) {
  const taken = new Map<string, number>();
  return {
    take(key: string): (() => void) | undefined {
      const before = taken.get(key) ?? 0;
      if (before >= slotsPerKey) return undefined;
      taken.set(key, before + 1);
      return () => {
        const now = taken.get(key) ?? 1;
        if (now === 1) taken.delete(key);
        else taken.set(key, now - 1);
      };
    },
  };
}

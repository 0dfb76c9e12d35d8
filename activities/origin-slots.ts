export type OriginSlots = {
  /** Takes one of the slots of a URL's origin. @returns what gives it back; undefined when all are taken */
  take(url: string): (() => void) | undefined;
};

/** Bounds how many calls go to one origin at the same time, so that one slow partner cannot hold a whole worker. */
export function createOriginSlots(slotsPerOrigin: number): OriginSlots {
  const taken = new Map<string, number>();
  return {
    take(url) {
      const { origin } = new URL(url);
      const before = taken.get(origin) ?? 0;
      if (before >= slotsPerOrigin) return undefined;
      taken.set(origin, before + 1);
      return () => {
        const now = taken.get(origin) ?? 1;
        if (now === 1) taken.delete(origin);
        else taken.set(origin, now - 1);
      };
    },
  };
}

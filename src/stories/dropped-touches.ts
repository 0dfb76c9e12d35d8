import type { DroppedTouches } from '../db/retention/dropped-touches.ts';

/** What a story lacks because its lead was over long ago, and why it is right all the same. */
export function viewDroppedTouches(dropped: DroppedTouches | null) {
  if (!dropped) return null;
  const { touches, droppedAt: dropped_at } = dropped;
  const many = touches === 1 ? '1 earlier touch was' : `${touches} earlier touches were`;
  const what = `${many} dropped on ${dropped_at.slice(0, 10)}, because the lead had long been over. `;
  return {
    touches,
    dropped_at,
    what: `${what}Those that decide who held it at each conversion and status, and by which ref_id, were kept.`,
  };
}

import type { Replay } from '../../../db/replays/replays.ts';
import type { CsvColumn } from '../../protocol/csv.ts';

/** A replay as it leaves in answers. */
export function viewReplay(replay: Replay) {
  const { replay_id, postback_id, from_at, to_at, states, rate_per_second, asked, state, pause_reason } = replay;
  const { total, delivered, refused, skipped, started_at, ended_at } = replay;
  return {
    ...{ replay_id, postback_id, from: from_at, to: to_at, states, rate_per_second, asked, state, pause_reason },
    ...{ total, delivered, refused, skipped, started_at, ended_at },
  };
}

export const replayColumns: CsvColumn<ReturnType<typeof viewReplay>>[] = [
  { header: 'replay_id', value: (item) => item.replay_id },
  { header: 'from', value: (item) => item.from },
  { header: 'to', value: (item) => item.to },
  { header: 'states', value: (item) => item.states.join(' ') },
  { header: 'rate_per_second', value: (item) => item.rate_per_second },
  { header: 'state', value: (item) => item.state },
  { header: 'total', value: (item) => item.total },
  { header: 'delivered', value: (item) => item.delivered },
  { header: 'refused', value: (item) => item.refused },
  { header: 'skipped', value: (item) => item.skipped },
  { header: 'started_at', value: (item) => item.started_at },
  { header: 'ended_at', value: (item) => item.ended_at },
];

export const replayCsvExample =
  '"replay_id","from","to","states","rate_per_second","state","total","delivered","refused","skipped","started_at","ended_at"\r\n' +
  '"0ml2p8k4v9x2m7q1w8z5t4r6","2026-01-31T10:02:00.000Z","2026-01-31T13:40:00.000Z","failed skipped",20,"running",214,120,0,3,"2026-01-31T13:45:00.000Z",\r\n';

import { receivingNetworks } from './receiving-networks.ts';
import type { TrackerPreset } from './tracker-preset.ts';
import { trackerServices } from './tracker-services.ts';
import { trackerSoftware } from './tracker-software.ts';

/** Every preset, in the order in which people choose from them: trackers first, by how widely they are used. */
export const trackerPresets: readonly TrackerPreset[] = [...trackerSoftware, ...trackerServices, ...receivingNetworks];

const byId = new Map<string, TrackerPreset>(trackerPresets.map((preset) => [preset.id, preset]));

/** @returns undefined for what is not the id of a tracker */
export function findPreset(id: string | null | undefined): TrackerPreset | undefined {
  return id ? byId.get(id) : undefined;
}

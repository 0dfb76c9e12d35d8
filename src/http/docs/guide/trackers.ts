import { trackerPresets } from '../../../domain/trackers/presets.ts';
import type { TrackerPreset } from '../../../domain/trackers/tracker-preset.ts';
import { compilePart } from '../../pages/templates.ts';
import type { GuideSection } from './guide-section.ts';

const renderTable = compilePart<{ presets: readonly TrackerPreset[] }>(`
<p>Your console fills in the settings for these; you give the address of your tracker, and look at the result before you save it. Cashcat's postbacks work with any other tracker that can be called by URL, and with a system of your own. If yours needs something that is not here, write to us.</p>
<div class="scroll"><table>
<thead><tr><th scope="col">Tracker</th><th scope="col">In your link</th><th scope="col">Sent</th><th scope="col">In the tracker</th></tr></thead>
<tbody>
<% for (const preset of it.presets) { %>
<tr><td><a href="<%= preset.docs_url %>"><%= preset.name %></a><% if (preset.unverified) { %> (not verified: <%= preset.unverified %>)<% } %></td><td><% if (preset.link_macro) { %><code>ref_id=<%= preset.link_macro %></code><% } %></td><td><%= preset.send.join(', ') %></td><td><%= preset.success_note %></td></tr>
<% } %>
</tbody></table></div>`);

/** What the presets know of each tracker. */
export const trackersSection: GuideSection = {
  id: 'trackers',
  title: 'Trackers',
  render: () => renderTable({ presets: trackerPresets }),
};

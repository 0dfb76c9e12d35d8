import { compilePage } from './templates.ts';

export type Message = { title: string; text: string };

const renderPage = compilePage<Message>(`
<section class="notice" role="status">
<h1><%= it.title %></h1>
<p><%= it.text %></p>
</section>
`);

/** A page that says one thing. */
export function renderMessage(message: Message): string {
  return renderPage({ page: 'message', title: `${message.title} – Cashcat`, footer: 'Cashcat' }, message);
}

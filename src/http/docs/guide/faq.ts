import { compilePart } from '../../pages/templates.ts';
import type { GuideSection, GuideWords } from './guide-section.ts';

type Question = { id: string; question: string; answer: string };

const questions: Question[] = [
  {
    id: 'no-postback',
    question: 'Why did I get no postback?',
    answer: `Look for the conversion in your console. If it is there, its postback says why: no usable <a href="#ref-id">ref_id</a>, no <a href="#postback-url">postback URL</a>, the status is <a href="#words">switched off</a>, a <a href="#order">newer status</a> took its place, or your endpoint <a href="#success">did not answer 200</a>. If it has no status yet, the advertiser has not reported: that may take up to <%= it.window %>. If it is not there, the visit did not come by your link, or <a href="#compete">another partner's touch</a> came last.`,
  },
  {
    id: 'answer-204',
    question: 'My endpoint answers 204. Why is the postback failed?',
    answer: `Only 200 <a href="#success">counts as received</a>. 204 means "no content", and some systems send it for calls that they threw away. Let your endpoint answer 200, with an empty body if you like.`,
  },
  {
    id: 'answer-302',
    question: 'My endpoint answers 301 or 302.',
    answer: `Redirects are never followed. Save the address that it redirects to; often it only wants <code>https</code>, or a slash at the end.`,
  },
  {
    id: 'twice',
    question: 'Why did I get the same postback twice?',
    answer: `Your first answer did not reach us in time, so it was sent again, with the same <code>{postback_id}</code>. Two postbacks with different ones are two statuses of the conversion, such as <code>pending</code> and <code>approved</code>: give your tracker <code>{conversion_id}</code> as the transaction id, so that it counts them as one conversion.`,
  },
  {
    id: 'rejected-after-approved',
    question: 'Why rejected after approved?',
    answer: `The advertiser corrected its decision, for example because a customer cancelled. The reward is revoked, and the postback carries a payout of 0. It may be approved once more; then it brings the <a href="#price">price of its first approval</a>.`,
  },
  {
    id: 'approved-without-pending',
    question: 'Why approved without pending before it?',
    answer: `Not every advertiser sends <code>pending</code>. Or it came while your endpoint was failing, and <code>approved</code> <a href="#order">took its place</a>.`,
  },
  {
    id: 'payout-differs',
    question: 'Why is the payout of approved not that of pending?',
    answer: `The <a href="#price">price</a> changed in between. What <code>approved</code> says is what you earn.`,
  },
  {
    id: 'lost-lead',
    question: 'I was told pending, and then nothing more.',
    answer: `The advertiser may still be deciding. Or the visitor came by another partner's link before the approval: then that partner <a href="#compete">wins</a>. With <a href="#handover">handover</a> you are told.`,
  },
  {
    id: 'visit-not-counted',
    question: 'My own visit to my link was not counted.',
    answer: `Open it in a browser. Previews of messengers, known bots, <code>HEAD</code> requests and pages loaded in advance are not touches.`,
  },
];

const renderQuestions = compilePart<GuideWords>(
  questions.map(({ id, question, answer }) => `<h3 id="faq-${id}">${question}</h3>\n<p>${answer}</p>`).join('\n'),
);

export const faqSection: GuideSection = { id: 'faq', title: 'Questions', render: renderQuestions };

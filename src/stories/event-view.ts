import type { LeadEvent } from '../domain/lead-event.ts';
import type { LinkChange, WonBy } from './reading.ts';

/** @param refIdSamples the beginning of unusable ref_ids, by the seq of their touch */
export function viewEvent(event: LeadEvent, refIdSamples: Record<number, string>) {
  const { seq, at, type } = event;
  switch (event.type) {
    case 'touch': {
      const { partnerId: partner_id, refId: ref_id, refIdProblem: ref_id_problem } = event;
      return { seq, at, type, partner_id, ref_id, ref_id_problem, ref_id_sample: refIdSamples[seq] ?? null };
    }
    case 'conversion': {
      const { conversionId: conversion_id, offerId: offer_id, advertiserId: advertiser_id } = event;
      return { seq, at, type, conversion_id, offer_id, advertiser_id };
    }
    case 'status': {
      const { conversionId: conversion_id, offerId: offer_id, advertiserId: advertiser_id, status, reason } = event;
      return { seq, at, type, conversion_id, offer_id, advertiser_id, status, reason };
    }
  }
}

export function viewLinkChange({ seq, at, from, to, refId: ref_id }: LinkChange) {
  return { seq, at, from, to, ref_id };
}

export function viewWonBy({ partnerId: partner_id, seq, at, refId: ref_id, why }: WonBy) {
  return { partner_id, seq, at, ref_id, why };
}

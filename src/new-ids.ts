import { customAlphabet } from 'nanoid';
import { POSTBACK_ID_LENGTH, RANDOM_PART_LENGTH, timeOrderedId } from './domain/ids.ts';

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';
const random = customAlphabet(ALPHABET, RANDOM_PART_LENGTH);

export function newLeadId(): string {
  return timeOrderedId(Date.now(), random());
}

export function newConversionId(): string {
  return timeOrderedId(Date.now(), random());
}

export const newPostbackId = customAlphabet(ALPHABET, POSTBACK_ID_LENGTH);

import type {Cloud} from './cloud.ts';
import {formBody, type Request, refusal} from './request.ts';
import {child, type Element, parseXml, textOf} from './xml.ts';

/** Passes a call to moto; its error answer becomes a refusal with the same code. */
export const forward = async ({fields}: Request, {moto}: Cloud): Promise<Element> => {
  const {status, body} = await moto.post(formBody(fields));
  if (status === 200) return parseXml(body);
  const errors = status < 500 ? child(parseXml(body), 'Errors') : undefined;
  const error = errors && child(errors, 'Error');
  if (error) throw refusal(textOf(error, 'Code'), textOf(error, 'Message'), status);
  throw refusal('InternalError', `the emulator answered ${status}: ${body.slice(0, 300)}`, 500);
};

import {join} from 'node:path';
import {addressOf} from '../../notify/address.ts';
import type {Part} from './part.ts';
import {FINE, problem, together} from './part.ts';

/** That each webhook has an address. Nothing is sent: whoever listens would take it for an event. */
export const webhooksPart: Part = {
  name: 'the addresses of webhooks',
  examine: async ({settings: {webhooks}, root}) => {
    if (webhooks.length === 0) return null;
    const findings = webhooks.map(async ({name, url, urlFile}) => {
      const place =
        urlFile === undefined ? {...(url !== undefined && {url})} : {urlFile: join(root, urlFile)};
      try {
        await addressOf(place);
        return FINE;
      } catch (error) {
        const got = error instanceof Error ? error.message : String(error);
        return problem(`webhooks.${name}.url-file`, 'a file with the address of a webhook', got);
      }
    });
    return together(await Promise.all(findings));
  },
};

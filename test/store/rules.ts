import {readFileSync} from 'node:fs';
import {join} from 'node:path';

/** What is between the fences of a page's blocks of HCL, in their order. */
const hclOf = (page: string): readonly string[] => {
  const text = readFileSync(join(import.meta.dirname, '../..', page), 'utf8');
  return [...text.matchAll(/^```hcl\n(.*?)^```$/gms)].map(([, block = '']) => block);
};

const found = (page: string, rule: RegExp): string => {
  const rules = hclOf(page).find(block => rule.test(block));
  if (rules === undefined) throw new Error(`${page}: no Consul rules like ${rule}`);
  return rules;
};

/** The node whose session the rules of AMI.md allow. */
export const NODE = 'ip-10-0-1-17';

/** The rules of a host's token, as AMI.md tells them, for a host of `web/production`. */
export const hostRules = (node = NODE): string => found('AMI.md', /^session /m).replaceAll(NODE, node);

/** The rules of an operator's token, as docs/operations.md tells them. */
export const operatorRules = (): string => found('docs/operations.md', /production\/desired"/);

import type {HostRow, RolloutRecord} from '../record/record.ts';
import {packRows} from './pack.ts';

/** Up to so many hosts that are out have a row as people read it. */
const PLAIN = 400;

type Open = HostRow & {readonly since: number};

/** The record as it is written: plain, and packed where thousands of hosts are out at once. */
export const recordText = (record: RolloutRecord): string => {
  const open = record.hosts.filter(isOpen);
  if (open.length <= PLAIN) return JSON.stringify(record);
  const groups = Map.groupBy(open, ({to, result}) => JSON.stringify([to, result]));
  const packed = [...groups].map(([kind, group]) => {
    const [to, result]: readonly (string | null)[] = JSON.parse(kind);
    return {to, result, out: packRows(group)};
  });
  return JSON.stringify({...record, hosts: [...packed, ...record.hosts.filter(row => !isOpen(row))]});
};

const isOpen = (row: HostRow): row is Open => row.until === null && row.since !== null && row.cause === null;

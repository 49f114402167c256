import {randomUUID} from 'node:crypto';
import type {Cloud} from '../cloud.ts';
import {forward} from '../forward.ts';
import {type Filter, filtersOf, type Request, withFilters} from '../request.ts';
import {child, type Element, element, items, parent, setText, textOf} from '../xml.ts';
import {correctVolume} from './volumes.ts';

/** DescribeVolumes: moto answers; the states that take time, and filters on them, are ours. */
export const describeVolumes = async (request: Request, cloud: Cloud): Promise<Element> => {
  const isOurs = ({name}: Filter) => name === 'status' || name === 'attachment.status';
  const filters = filtersOf(request);
  const answer = await forward(
    withFilters(
      request,
      filters.filter(each => !isOurs(each)),
    ),
    cloud,
  );
  const volumes = items(answer, 'volumeSet');
  for (const item of volumes) correctVolume(cloud, item);
  keep(answer, 'volumeSet', item =>
    filters.filter(isOurs).every(filter => filter.values.includes(stateFor(filter, item))),
  );
  return answer;
};

const stateFor = ({name}: Filter, item: Element): string => {
  if (name === 'status') return textOf(item, 'status');
  const [attachment] = items(item, 'attachmentSet');
  return attachment ? textOf(attachment, 'status') : '';
};

/** DescribeSnapshots: moto answers; state, tier and owner are ours when a test changed them. */
export const describeSnapshots = async (request: Request, cloud: Cloud): Promise<Element> => {
  const answer = await forward(request, cloud);
  for (const item of items(answer, 'snapshotSet')) {
    const snapshot = cloud.snapshots.get(textOf(item, 'snapshotId'));
    if (snapshot === undefined) continue;
    setText(item, 'status', snapshot.state);
    setText(item, 'progress', snapshot.state === 'completed' ? '100%' : '40%');
    setText(item, 'storageTier', snapshot.tier);
    if (snapshot.ownerId !== undefined) setText(item, 'ownerId', snapshot.ownerId);
  }
  return answer;
};

/** DescribeFastSnapshotRestores, which moto does not have: those zones that a test named. */
export const describeFastRestores = async (request: Request, cloud: Cloud): Promise<Element> => {
  const wanted = (name: string) => filtersOf(request).find(each => each.name === name)?.values ?? [];
  const found = wanted('snapshot-id').flatMap(id =>
    wanted('availability-zone')
      .filter(zone => cloud.snapshots.get(id)?.fastIn?.has(zone))
      .map(zone =>
        parent('item', [
          element('snapshotId', id),
          element('availabilityZone', zone),
          element('state', 'enabled'),
        ]),
      ),
  );
  return parent('DescribeFastSnapshotRestoresResponse', [
    element('requestId', randomUUID()),
    parent('fastSnapshotRestoreSet', found),
  ]);
};

const keep = (answer: Element, list: string, wanted: (item: Element) => boolean): void => {
  const found = child(answer, list);
  if (found) found.children = found.children.filter(wanted);
};

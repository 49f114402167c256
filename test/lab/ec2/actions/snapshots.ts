import {join} from 'node:path';
import {type Cloud, type Snapshot, volumeOf} from '../cloud.ts';
import {forward} from '../forward.ts';
import {copyImage} from '../images.ts';
import type {Request} from '../request.ts';
import {type Element, textOf} from '../xml.ts';

/** CreateSnapshot: moto answers; the volume's image is copied, and the snapshot is `pending` until it is. */
export const createSnapshot = async (request: Request, cloud: Cloud): Promise<Element> => {
  const volume = volumeOf(cloud, request.fields.get('VolumeId'));
  const answer = await forward(request, cloud);
  const id = textOf(answer, 'snapshotId');
  const image = join(cloud.images, `${id}.img`);
  const snapshot: Snapshot = {id, image, sizeGb: volume.sizeGb, state: 'pending', tier: 'standard'};
  cloud.snapshots.set(id, snapshot);
  cloud.later(cloud.delays.createMs, async () => {
    await copyImage(volume.image, image);
    if (snapshot.state === 'pending') snapshot.state = 'completed';
  });
  return answer;
};

import {randomUUID} from 'node:crypto';
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import type {Cloud, Snapshot, Volume} from '../cloud.ts';
import {volumeOf} from '../cloud.ts';
import {touchedBy} from '../cold.ts';
import {forward} from '../forward.ts';
import {blankImage, copyImage} from '../images.ts';
import {type Request, refusal} from '../request.ts';
import {child, type Element, element, parent, setText, textOf} from '../xml.ts';

/** CreateVolume: adds client tokens, the checks moto lacks, and a `creating` that takes time and may end in `error`. */
export const createVolume = async (request: Request, cloud: Cloud): Promise<Element> => {
  const {fields} = request;
  const answers: Element[] = [];
  const id = await cloud.tokens.once(fields.get('ClientToken'), fields, async () => {
    const answer = await make(request, cloud);
    answers.push(answer);
    return textOf(answer, 'volumeId');
  });
  return answers[0] ?? (await again(cloud, id));
};

const make = async (request: Request, cloud: Cloud): Promise<Element> => {
  const {fields} = request;
  const snapshotId = fields.get('SnapshotId') ?? '';
  const snapshot = cloud.snapshots.get(snapshotId);
  if (snapshot) requireUsable(snapshot, Number(fields.get('Size') ?? snapshot.sizeGb));
  const fault = cloud.faults.take(['volume-error', 'stuck-creating'], 'CreateVolume', fields, request.from);
  const answer = await forward(request, cloud);
  const id = textOf(answer, 'volumeId');
  const volume: Volume = {
    id,
    zone: textOf(answer, 'availabilityZone'),
    sizeGb: Number(textOf(answer, 'size')),
    snapshotId,
    image: join(cloud.images, `${id}.img`),
    coldMsPerBlock: snapshot?.coldMsPerBlock ?? 0,
    state: 'creating',
    ...(request.from !== undefined && {from: request.from}),
  };
  cloud.volumes.set(id, volume);
  if (fault?.kind !== 'stuck-creating') {
    cloud.later(cloud.delays.createMs, () => finish(volume, snapshot, fault?.kind === 'volume-error'));
  }
  setText(answer, 'status', 'creating');
  return answer;
};

const finish = async (volume: Volume, snapshot: Snapshot | undefined, broken: boolean): Promise<void> => {
  if (volume.state !== 'creating') return;
  if (snapshot) await copyImage(snapshot.image, volume.image);
  else await blankImage(volume.sizeGb, volume.image);
  volume.state = broken ? 'error' : 'available';
};

const requireUsable = ({id, state, tier, sizeGb}: Snapshot, wantedGb: number): void => {
  if (state !== 'completed')
    throw refusal('IncorrectState', `Snapshot ${id} is in state '${state}', not 'completed'.`);
  if (tier === 'archive') throw refusal('IncorrectState', `Snapshot ${id} is archived.`);
  if (wantedGb < sizeGb) {
    throw refusal(
      'InvalidParameterValue',
      `Volume of ${wantedGb}GiB is smaller than snapshot '${id}', expect size >= ${sizeGb}GiB`,
    );
  }
};

/** The answer to a repeated token: the volume as it is now, were it failed or gone. */
const again = async (cloud: Cloud, id: string): Promise<Element> => {
  const volume = cloud.volumes.get(id);
  const fields = [element('requestId', randomUUID()), element('volumeId', id)];
  if (volume === undefined) return parent('CreateVolumeResponse', [...fields, element('status', 'deleting')]);
  return parent('CreateVolumeResponse', [
    ...fields,
    element('size', String(volume.sizeGb)),
    element('snapshotId', volume.snapshotId),
    element('availabilityZone', volume.zone),
    element('status', volume.state),
  ]);
};

/** DeleteVolume: refused unless detached; `deleting` takes time, then moto forgets the volume. */
export const deleteVolume = async (request: Request, cloud: Cloud): Promise<Element> => {
  const volume = volumeOf(cloud, request.fields.get('VolumeId'));
  if (volume.attachment) {
    const {instanceId} = volume.attachment;
    throw refusal('VolumeInUse', `Volume ${volume.id} is currently attached to ${instanceId}`);
  }
  if (volume.state === 'creating')
    throw refusal('IncorrectState', `Volume ${volume.id} is in state 'creating'.`);
  if (volume.state !== 'deleting') {
    volume.state = 'deleting';
    cloud.later(cloud.delays.deleteMs, async () => {
      await forward(request, cloud);
      await forget(cloud, volume);
    });
  }
  return done('DeleteVolumeResponse');
};

/** Drops what the proxy keeps of a volume that moto no longer has. */
export const forget = async (cloud: Cloud, volume: Volume): Promise<void> => {
  cloud.volumes.delete(volume.id);
  const {image} = volume;
  for (const file of [image, `${image}.cold`, `${image}.log`, touchedBy(image)])
    await rm(file, {force: true});
};

export const done = (name: string): Element =>
  parent(name, [element('requestId', randomUUID()), element('return', 'true')]);

/** DescribeVolumes' truth about state, written over what moto says of one volume. */
export const correctVolume = (cloud: Cloud, item: Element): void => {
  const volume = cloud.volumes.get(textOf(item, 'volumeId'));
  if (volume === undefined) return;
  setText(item, 'status', volume.state);
  const attachment = child(item, 'attachmentSet')?.children[0];
  if (attachment === undefined || volume.attachment === undefined) return;
  setText(attachment, 'status', volume.attachment.state);
  setText(attachment, 'deleteOnTermination', String(volume.attachment.deleteOnTermination));
};

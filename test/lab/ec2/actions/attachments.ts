import {randomUUID} from 'node:crypto';
import type {Attachment, Cloud, Volume} from '../cloud.ts';
import {volumeOf} from '../cloud.ts';
import {forward} from '../forward.ts';
import {type Request, refusal} from '../request.ts';
import {type Element, element, parent, setText} from '../xml.ts';
import {forget} from './volumes.ts';

const DEVICE_NAME = /^\/dev\/(sd[b-z]\d{0,2}|xvd[a-z]{1,2})$/;
const BUSY_RETRY_MS = 100;

/** AttachVolume: adds the checks moto lacks (state, zone, taken name) and an `attaching` that ends with a block device. */
export const attachVolume = async (request: Request, cloud: Cloud): Promise<Element> => {
  const {fields} = request;
  if (cloud.faults.take(['vanish'], 'AttachVolume', fields, request.from))
    await vanish(cloud, volumeOf(cloud, fields.get('VolumeId')));
  const volume = volumeOf(cloud, fields.get('VolumeId'));
  const [instanceId, device] = [fields.get('InstanceId') ?? '', fields.get('Device') ?? ''];
  requireAttachable(cloud, volume, {instanceId, device});
  const attachment: Attachment = {instanceId, device, state: 'attaching', deleteOnTermination: false};
  Object.assign(volume, {state: 'in-use', attachment}); // before the first await: two calls cannot both pass the checks
  try {
    const stuck = cloud.faults.take(['stuck-attaching'], 'AttachVolume', fields, request.from);
    const answer = await forward(request, cloud);
    if (!stuck) cloud.later(cloud.delays.attachMs, () => appear(cloud, volume, attachment));
    setText(answer, 'status', 'attaching');
    return answer;
  } catch (error) {
    volume.state = 'available';
    delete volume.attachment;
    throw error;
  }
};

const vanish = async (cloud: Cloud, volume: Volume): Promise<void> => {
  await cloud.moto.call('DeleteVolume', {VolumeId: volume.id});
  await forget(cloud, volume);
};

const requireAttachable = (
  cloud: Cloud,
  volume: Volume,
  {instanceId, device}: {instanceId: string; device: string},
): void => {
  const instance = cloud.instances.get(instanceId);
  if (instance === undefined)
    throw refusal('InvalidInstanceID.NotFound', `The instance ID '${instanceId}' does not exist`);
  if (volume.attachment) throw refusal('VolumeInUse', `${volume.id} is already attached to an instance`);
  if (volume.state !== 'available') {
    throw refusal('IncorrectState', `Volume ${volume.id} is in state '${volume.state}', not 'available'.`);
  }
  if (volume.zone !== instance.zone) {
    throw refusal(
      'InvalidVolume.ZoneMismatch',
      `The volume '${volume.id}' is not in the same availability zone as instance '${instanceId}'`,
    );
  }
  if (!DEVICE_NAME.test(device))
    throw refusal('InvalidParameterValue', `Value (${device}) for parameter device is invalid.`);
  const attached = [...cloud.volumes.values()].some(
    ({attachment: other}) => other?.instanceId === instanceId && other.device === device,
  );
  if (attached || instance.hiddenDevices.has(device) || cloud.devices.isTaken({device, instanceId})) {
    throw refusal(
      'InvalidParameterValue',
      `Invalid value '${device}' for unixDevice. Attachment point ${device} is already in use`,
    );
  }
};

const appear = async (cloud: Cloud, volume: Volume, attachment: Attachment): Promise<void> => {
  if (volume.attachment !== attachment || attachment.state !== 'attaching') return;
  const loop = await cloud.devices.connect(volume.image, volume.coldMsPerBlock);
  if (loop !== undefined && volume.attachment !== attachment) {
    await cloud.devices.disconnect(loop, {force: true}); // detached meanwhile
  } else if (loop !== undefined) {
    attachment.loop = loop;
    await cloud.devices.makeNode({...attachment, loop});
  }
  if (attachment.state === 'attaching') attachment.state = 'attached';
};

/** DetachVolume: `detaching` ends when nothing is mounted from the device any more, `busy` until then; Force does not wait. */
export const detachVolume = async (request: Request, cloud: Cloud): Promise<Element> => {
  const {fields} = request;
  const volume = volumeOf(cloud, fields.get('VolumeId'));
  const {attachment} = volume;
  if (attachment === undefined)
    throw refusal('IncorrectState', `Volume '${volume.id}' is in the 'available' state.`);
  const claimed = fields.get('InstanceId') ?? attachment.instanceId;
  if (claimed !== attachment.instanceId) {
    throw refusal(
      'InvalidAttachment.NotFound',
      `The volume '${volume.id}' is not attached to instance '${claimed}'.`,
    );
  }
  const force = fields.get('Force') === 'true';
  const stuck = !force && cloud.faults.take(['stuck-detaching'], 'DetachVolume', fields, request.from);
  if (attachment.state === 'attaching' || attachment.state === 'attached' || force) {
    attachment.state = 'detaching';
    if (!stuck) cloud.later(cloud.delays.detachMs, () => disappear(cloud, volume, force));
  }
  return detachAnswer(volume, attachment);
};

const disappear = async (cloud: Cloud, volume: Volume, force: boolean): Promise<void> => {
  const {attachment} = volume;
  if (attachment === undefined) return;
  const {loop, instanceId} = attachment;
  if (loop !== undefined) {
    if (!(await cloud.devices.disconnect(loop, {force}))) {
      attachment.state = 'busy';
      cloud.later(BUSY_RETRY_MS, () => disappear(cloud, volume, force));
      return;
    }
    await cloud.devices.removeNode({...attachment, loop});
  }
  await cloud.moto.call('DetachVolume', {VolumeId: volume.id, InstanceId: instanceId});
  delete volume.attachment;
  volume.state = 'available';
};

const detachAnswer = (volume: Volume, {instanceId, device, state}: Attachment): Element =>
  parent('DetachVolumeResponse', [
    element('requestId', randomUUID()),
    element('volumeId', volume.id),
    element('instanceId', instanceId),
    element('device', device),
    element('status', state),
  ]);

import type {Cloud} from '../cloud.ts';
import {forward} from '../forward.ts';
import {listOf, type Request, refusal} from '../request.ts';
import {type Element, items, textOf} from '../xml.ts';
import {done, forget} from './volumes.ts';

/** RunInstances: moto answers; the proxy remembers the zone, and the names the AMI's own devices take. */
export const runInstances = async (request: Request, cloud: Cloud): Promise<Element> => {
  const answer = await forward(request, cloud);
  for (const item of items(answer, 'instancesSet')) {
    const id = textOf(item, 'instanceId');
    const placement = item.children.find(({name}) => name === 'placement');
    const zone = placement ? textOf(placement, 'availabilityZone') : '';
    cloud.instances.set(id, {id, zone, hiddenDevices: new Set(['/dev/sda1', '/dev/xvda'])});
  }
  return answer;
};

/** TerminateInstances: moto answers; block devices go, and the volumes flagged DeleteOnTermination with them. */
export const terminateInstances = async (request: Request, cloud: Cloud): Promise<Element> => {
  const ids = listOf(request.fields, 'InstanceId');
  const answer = await forward(request, cloud);
  for (const volume of [...cloud.volumes.values()]) {
    const {attachment} = volume;
    if (attachment === undefined || !ids.includes(attachment.instanceId)) continue;
    const {loop} = attachment;
    if (loop !== undefined) {
      await cloud.devices.disconnect(loop, {force: true});
      await cloud.devices.removeNode({...attachment, loop});
    }
    delete volume.attachment;
    volume.state = 'available';
    if (attachment.deleteOnTermination) await forget(cloud, volume);
  }
  for (const id of ids) cloud.instances.delete(id);
  return answer;
};

/** ModifyInstanceAttribute: for a block device the name must be attached (moto answers 500 then); anything else is moto's. */
export const modifyInstanceAttribute = async (request: Request, cloud: Cloud): Promise<Element> => {
  const {fields} = request;
  const device = fields.get('BlockDeviceMapping.1.DeviceName');
  if (device === undefined) return forward(request, cloud);
  const instanceId = fields.get('InstanceId');
  const attachment = [...cloud.volumes.values()]
    .map(volume => volume.attachment)
    .find(each => each?.instanceId === instanceId && each?.device === device);
  if (attachment?.state !== 'attached') {
    throw refusal('InvalidInstanceAttributeValue', `No device is currently mapped at ${device}`);
  }
  await forward(request, cloud);
  attachment.deleteOnTermination = fields.get('BlockDeviceMapping.1.Ebs.DeleteOnTermination') === 'true';
  return done('ModifyInstanceAttributeResponse');
};

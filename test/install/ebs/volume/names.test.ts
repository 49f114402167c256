import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {createDeviceNames, DEVICE_NAMES} from '../../../../agent/install/ebs/volume/names.ts';
import {temporaryFolder} from '../../../support/temporary.ts';
import {reasonKind} from '../world.ts';

t.test('names go round, leave out what is forbidden, and both outlive the process', async t => {
  const path = join(await temporaryFolder(t), 'names.json');
  await writeFile(path, JSON.stringify({instance: 'i-1', last: '/dev/xvdcx', forbidden: ['/dev/xvdcz']}));
  const names = createDeviceNames({path, instance: 'i-1'});
  t.equal(await names.next([]), '/dev/xvdcy');
  const after = await createDeviceNames({path, instance: 'i-1'}).next([]);
  t.ok(after.startsWith('/dev/xvdb'), `the round begins again (${after})`);
  t.not(await names.next([]), after);
});

t.test('what another instance remembered counts for nothing', async t => {
  const path = join(await temporaryFolder(t), 'names.json');
  await writeFile(path, JSON.stringify({instance: 'i-1', last: '/dev/xvdcz', forbidden: [...DEVICE_NAMES]}));
  t.match(await createDeviceNames({path, instance: 'i-2'}).next([]), /^\/dev\/xvdb/);
});

t.test('with every name forbidden there is a reason, and the next time they are all tried again', async t => {
  const path = join(await temporaryFolder(t), 'names.json');
  await writeFile(path, JSON.stringify({instance: 'i-1', last: null, forbidden: [...DEVICE_NAMES]}));
  const names = createDeviceNames({path, instance: 'i-1'});
  t.equal(await reasonKind(names.next([])), 'volume.device-names');
  t.match(await names.next([]), /^\/dev\/xvd/);
  t.equal(await reasonKind(names.next(DEVICE_NAMES)), 'volume.device-names');
});

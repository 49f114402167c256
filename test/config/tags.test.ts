import t from 'tap';
import {readFragments} from '../../agent/config/fragments/fragments.ts';
import {imdsAddress, loadSettings} from '../../agent/config/load.ts';
import {ETC, problemsOf, root, SMALL} from './support.ts';

t.test('instance tags win over the files, an empty one sets nothing', async t => {
  const files = {[ETC]: `${SMALL}command = ["x"]\n[roles.db]\nunits = ["db.service"]`};
  const tags = {'release-agent:app': 'shop', 'release-agent:channel': ' ', 'release-agent:role': 'db'};
  const asked: string[] = [];
  const settings = await loadSettings({
    root: await root(t, files),
    tags: async imds => {
      asked.push(imds);
      return tags;
    },
  });
  t.match(settings, {app: 'shop', channel: 'dev', role: 'db', activate: {units: ['db.service']}});
  t.same(asked, ['http://169.254.169.254']);
  t.match(await problemsOf(t, files, {'release-agent:app': 'a/b'}), [
    /^app in the instance tag release-agent:app: expected a name/,
    /^role: /,
  ]);
});

t.test('a tag says whether a host is a canary, in a word that a file would not take', async t => {
  const canary = async (tag: string, file = SMALL) => {
    const tags = async () => ({'release-agent:canary': tag});
    return (await loadSettings({root: await root(t, {[ETC]: file}), tags})).canary;
  };
  t.equal(await canary('true'), true);
  t.equal(await canary('false', `canary = true\n${SMALL}`), false);
  t.equal(await canary(' ', `canary = true\n${SMALL}`), true);
  t.match(await problemsOf(t, {[ETC]: SMALL}, {'release-agent:canary': 'yes'}), [
    /^canary in the instance tag release-agent:canary: expected .*got "yes"/,
  ]);
});

t.test('tags that the instance does not show are told from tags that it has not', async t => {
  const files = {[ETC]: SMALL.replace(/^app = .*\n/m, '')};
  t.match(await problemsOf(t, files, {}), [/^app: .*release-agent:app, got neither$/]);
  t.match(await problemsOf(t, files, null), [
    /^app: .*release-agent:app, got neither: the instance shows no tags to its metadata service \(.*InstanceMetadataTags/,
  ]);
  const roles = {[ETC]: `${SMALL}command = ["x"]\n[roles.db]\nunits = ["db.service"]`};
  t.match(await problemsOf(t, roles, null), [/^role: .*shows no tags/]);
  t.same(await problemsOf(t, {[ETC]: SMALL}, null), [], 'who is told by the files needs no tags');
});

t.test('a tag that is required is not made up for by the files', async t => {
  const files = {[ETC]: `required-tags = ["app", "channel"]\n${SMALL}`};
  const tags = {'release-agent:app': 'web', 'release-agent:channel': 'dev'};
  t.same(await problemsOf(t, files, tags), []);
  t.match(await problemsOf(t, files, {...tags, 'release-agent:channel': ''}), [
    /^required-tags in .*: expected the instance tags release-agent:app, release-agent:channel, got no release-agent:channel$/,
  ]);
  t.match(await problemsOf(t, files, null), [
    /^required-tags .* got the instance shows no tags to its metadata service \(.*InstanceMetadataTags/,
  ]);
  const off = {[ETC]: `imds = "off"\n${files[ETC]}[identity]\ninstance = "one"`};
  t.match(await problemsOf(t, off, null), [/^required-tags .*: expected nothing: with imds = "off"/]);
  t.match(await problemsOf(t, {[ETC]: `required-tags = ["zone"]\n${SMALL}`}), [/^required-tags .*"zone"/]);
});

t.test('imds = "off" is a value of its own and no tags are asked for', async t => {
  const folder = await root(t, {[ETC]: `imds = "off"\n${SMALL}[identity]\ninstance = "one"`});
  t.equal(imdsAddress(await readFragments(folder)), null);
  const tags = () => Promise.reject(new Error('asked'));
  t.match(await loadSettings({root: folder, tags}), {imds: null, identity: {instance: 'one'}});
});

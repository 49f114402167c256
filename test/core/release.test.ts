import t from 'tap';
import {parseRelease, releaseId, sameRelease, shortId, shortRelease} from '../../agent/core/release.ts';

const SNAP = 'snap-0123456789abcdef0';
const SHA = '0123456789abcdef0123456789abcdef01234567';
const DIGEST = '89'.repeat(32);
const archive = (key: string, bucket = 'our-releases') => `s3://${bucket}/${key}#sha256=${DIGEST}`;

t.test('each kind of release is read, and written back as it was', async t => {
  t.strictSame(parseRelease('snap-01234567'), {kind: 'ebs', snapshot: 'snap-01234567'});
  t.strictSame(parseRelease(SNAP), {kind: 'ebs', snapshot: SNAP});
  t.strictSame(parseRelease(SHA), {kind: 'git', revision: SHA});
  const url = 's3://our-releases/web/app.tar.zst';
  t.strictSame(parseRelease(archive('web/app.tar.zst')), {kind: 'archive', url, sha256: DIGEST});
  for (const id of [SNAP, SHA, archive('web/app.tar.zst')]) {
    const release = parseRelease(id);
    t.equal(release && releaseId(release), id);
  }
});

t.test('an archive has a name that S3 can store', async t => {
  t.ok(parseRelease(archive('x'.repeat(1_024))));
  t.notOk(parseRelease(archive('x'.repeat(1_025))));
  t.notOk(parseRelease(archive('a\u200bb')), 'a character that is not shown');
  t.notOk(parseRelease(archive('app', 'Releases')));
  t.notOk(parseRelease(archive('app').slice(0, -1)), 'a digest that is too short');
});

t.test(
  'a release is shown shortly: a revision by 12 digits, an archive by its last name and 8 digits of its digest',
  async t => {
    t.equal(shortId(SNAP), SNAP);
    t.equal(shortId(SHA), '0123456789ab');
    t.equal(shortId(archive('web/app.tar.zst')), 'app.tar.zst#89898989');
    t.equal(shortId(archive('app')), 'app#89898989');
    t.equal(shortId('main'), 'main', 'what is no id stays as it is');
    t.equal(shortRelease({kind: 'git', revision: SHA}), '0123456789ab');
  },
);

t.test('two releases are the same by their ids', async t => {
  t.ok(sameRelease(parseRelease(SHA), {kind: 'git', revision: SHA}));
  t.notOk(sameRelease(parseRelease(SHA), parseRelease(SNAP)));
  t.notOk(sameRelease(undefined, undefined));
  t.notOk(sameRelease(parseRelease(SHA), undefined));
  t.notOk(sameRelease(undefined, parseRelease(SHA)));
});

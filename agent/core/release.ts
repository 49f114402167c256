import {isPrintable} from './printable.ts';

/** The immutable thing that runs. Archives (`s3://…#sha256=…`) carry their digest. */
export type Release =
  | {readonly kind: 'ebs'; readonly snapshot: string}
  | {readonly kind: 'git'; readonly revision: string}
  | {readonly kind: 'archive'; readonly url: string; readonly sha256: string};

export type ReleaseKind = Release['kind'];

const SNAPSHOT = /^snap-[0-9a-f]{8}(?:[0-9a-f]{9})?$/;
const REVISION = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const ARCHIVE = /^(s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/)([^\s#?]+)#sha256=([0-9a-f]{64})$/;

/** What a release id that can be installed looks like, for error texts: archives cannot be yet. */
export const RELEASE_EXPECTED = 'a snapshot id (snap-…) or a full git revision (40 or 64 hex digits)';

/** Reads a release id as operators write it. Gives undefined for anything else (branch names, abbreviations). */
export const parseRelease = (text: string): Release | undefined => {
  if (SNAPSHOT.test(text)) return {kind: 'ebs', snapshot: text};
  if (REVISION.test(text)) return {kind: 'git', revision: text};
  const [, bucket, key = '', sha256] = ARCHIVE.exec(text) ?? [];
  return bucket && sha256 && isKey(key) ? {kind: 'archive', url: `${bucket}${key}`, sha256} : undefined;
};

// S3 stores names of up to 1,024 bytes; one that steers a terminal could not be shown as it is.
const isKey = (name: string): boolean => isPrintable(name) && new TextEncoder().encode(name).length <= 1024;

/** The id of a release as operators write it; `parseRelease` reads it back. */
export const releaseId = (release: Release): string => {
  switch (release.kind) {
    case 'ebs':
      return release.snapshot;
    case 'git':
      return release.revision;
    case 'archive':
      return `${release.url}#sha256=${release.sha256}`;
  }
};

/** A short form for tables and status lines: 12 digits of a revision, the whole of a snapshot id. */
export const shortRelease = (release: Release): string => {
  switch (release.kind) {
    case 'ebs':
      return release.snapshot;
    case 'git':
      return release.revision.slice(0, 12);
    case 'archive':
      return `${release.url.slice(release.url.lastIndexOf('/') + 1)}#${release.sha256.slice(0, 8)}`;
  }
};

/** True when both are the same release. */
export const sameRelease = (a: Release | undefined, b: Release | undefined): boolean =>
  a !== undefined && b !== undefined && releaseId(a) === releaseId(b);

/** A release's id as it is shown to people; text that is no release's id stays as it is. */
export const shortId = (id: string): string => {
  const release = parseRelease(id);
  return release ? shortRelease(release) : id;
};

/** A package as package-lock.json knows it. */
export interface Locked {
  readonly version?: string;
  readonly license?: string;
  /** `sha512-<base64>` */
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** The component of one bundled package. Throws when the lockfile does not have all that is said about it. */
export const npmComponent = (folder: string, packages: Readonly<Record<string, Locked>>) => {
  const place = lockedPlace(folder);
  const {version, license, integrity} = packages[place] ?? {};
  if (version === undefined || license === undefined || integrity === undefined)
    throw new Error(`package-lock.json: expected version, license and integrity of ${place}`);
  const full = place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const [name = '', group] = full.split('/').toReversed();
  return {
    type: 'library',
    'bom-ref': npmPurl(full, version),
    ...(group !== undefined && {group}),
    name,
    version,
    hashes: [sriHash(integrity)],
    licenses: [/^[A-Za-z0-9.+-]+$/.test(license) ? {license: {id: license}} : {expression: license}],
    purl: npmPurl(full, version),
  };
};

/** The package URL of a version (package-url specification, type npm: `@` of a scope is percent-encoded). */
export const npmPurl = (name: string, version: string): string =>
  `pkg:npm/${name.replace('@', '%40')}@${version}`;

/** The places in the lockfile of what a package depends on, as Node finds them; the empty folder is our own. */
export const resolveLocked = (
  folder: string,
  packages: Readonly<Record<string, Locked>>,
): readonly string[] => {
  const place = folder === '' ? '' : lockedPlace(folder);
  return Object.keys(packages[place]?.dependencies ?? {}).flatMap(name => {
    for (let from = place; ; from = from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/')))) {
      const found = `${from === '' ? '' : `${from}/`}node_modules/${name}`;
      if (found in packages) return [found];
      if (from === '') return [];
    }
  });
};

const lockedPlace = (folder: string): string => folder.slice(folder.indexOf('node_modules/'));

/** A hash as npm writes it (Subresource Integrity), as CycloneDX does. */
const sriHash = (integrity: string) => {
  const [, digest = ''] = /^sha512-(\S+)$/.exec(integrity) ?? [];
  if (digest === '') throw new Error(`expected a sha512 integrity, got ${integrity}`);
  return {alg: 'SHA-512', content: Buffer.from(digest, 'base64').toString('hex')};
};

const TABLE = Uint32Array.from({length: 256}, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xed_b8_83_20 : value >>> 1;
  return value;
});

/** The CRC-32 (ISO 3309, as in zip) of a text in UTF-8, in hex: to notice damage. */
export const crc32 = (text: string): string => {
  let sum = 0xff_ff_ff_ff;
  for (const byte of Buffer.from(text)) sum = (TABLE[(sum ^ byte) & 0xff] ?? 0) ^ (sum >>> 8);
  return ((sum ^ 0xff_ff_ff_ff) >>> 0).toString(16).padStart(8, '0');
};

/**
 * The one kind of tar entry that the engine is given: a regular file with a short name of ours, root's, mode 0644.
 * Format: POSIX ustar, pax(1); sizes of 8 GiB and more in base 256, as GNU tar and Go's archive/tar write and read them.
 */
const blockSize = 512;
const largestOctal = 8 ** 11 - 1;

/** @param name at most 100 ASCII characters */
export function fileHeader(name: string, size: number): Buffer {
  const header = Buffer.alloc(blockSize);
  header.write(name, 0, 'ascii');
  header.write('0000644\0', 100, 'ascii');
  header.write('0000000\0', 108, 'ascii'); // uid
  header.write('0000000\0', 116, 'ascii'); // gid
  writeSize(header, size);
  header.write('00000000000\0', 136, 'ascii'); // time of modification
  header.write('        ', 148, 'ascii'); // the checksum counts itself as spaces
  header.write('0', 156, 'ascii'); // a regular file
  header.write('ustar\x0000', 257, 'ascii');
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148, 'ascii');
  return header;
}

function writeSize(header: Buffer, size: number): void {
  if (size <= largestOctal) {
    header.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'ascii');
    return;
  }
  header.writeBigUInt64BE(BigInt(size), 128);
  header[124] = 0x80;
}

/** What must follow a file of this size. */
export function padding(size: number): Buffer {
  return Buffer.alloc((blockSize - (size % blockSize)) % blockSize);
}

/** The end of the archive. An engine begins to load when it has read this, so it comes when all is checked. */
export function endOfArchive(): Buffer {
  return Buffer.alloc(2 * blockSize);
}

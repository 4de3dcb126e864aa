/** The way of an archive into tar-stream, at the pace at which its entries are read. */
import type { Extract } from 'tar-stream';

/**
 * Runs beside the loop over the entries, which gets its errors: those of `source` destroy `extract`. Comes to its end soon after
 * `extract` is destroyed, with the next piece at the latest.
 */
export async function feed(source: AsyncIterable<Buffer>, extract: Extract): Promise<void> {
  try {
    for await (const chunk of source) {
      if (!extract.destroyed && !extract.write(chunk)) await drained(extract);
      if (extract.destroyed) return;
    }
    extract.end(null);
  } catch (error) {
    extract.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

function drained(extract: Extract): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      extract.off('drain', done);
      extract.off('close', done);
      resolve();
    };
    extract.on('drain', done);
    extract.on('close', done);
  });
}

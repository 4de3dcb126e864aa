/** Takes a user's lock, says so, and keeps it: `UID RUNTIME TIMEOUT HOLD_MS [FILE]`. Counts up in FILE while it has the lock. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { UserdockerError } from '../../src/domain/errors.ts';
import { parseUid } from '../../src/domain/ids.ts';
import { withUserLock } from '../../src/state/lock.ts';

const [uidText = '', runtime = '', timeout = '', hold = '', file] = process.argv.slice(2);
const uid = parseUid(uidText);
if (!uid.ok) throw new Error(uid.error);

try {
  console.log('begins');
  await withUserLock(
    uid.value,
    Number(timeout),
    async () => {
      console.log('locked');
      const before = file === undefined ? 0 : Number(fs.readFileSync(file, 'utf8'));
      // A helper process that outlives us: it must not keep the lock.
      if (hold === 'child') spawn('sleep', ['20'], { stdio: 'ignore', detached: true }).unref();
      await new Promise((resolve) => setTimeout(resolve, Number(hold) || 0));
      if (file !== undefined) fs.writeFileSync(file, String(before + 1));
    },
    runtime,
  );
  console.log('done');
  process.exit(0);
} catch (error) {
  console.log(`failed ${error instanceof UserdockerError ? JSON.stringify(error.failure) : String(error)}`);
  process.exit(1);
}

/** Replaces one GPU's record again and again, and says which generations it made: `RUNTIME UUID MILLISECONDS`. */
import { readRecord, replaceRecord } from '../../src/nvidia/records.ts';

const [runtime = '', uuid = '', duration = ''] = process.argv.slice(2);
const end = Date.now() + Number(duration);
while (Date.now() < end) {
  const seen = readRecord(uuid, runtime);
  const made = replaceRecord(uuid, seen, [], runtime);
  if (made !== undefined) console.log(made.generation);
}

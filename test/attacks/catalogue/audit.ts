import { existsSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { auditRecords } from '../../e2e/support/audit.ts';
import { writeConfig } from '../../e2e/support/config.ts';
import { docker } from '../../e2e/support/engine.ts';
import { startCall } from '../../e2e/support/racers.ts';
import { mustUserdocker, userdocker } from '../../e2e/support/userdocker.ts';
import { as, asRoot, mustRoot } from '../../e2e/support/users.ts';
import type { Area } from '../support/attack.ts';
import { naive, naiveLog, naively, removeNaive } from '../support/naive.ts';

const log = '/var/log/userdocker/audit.jsonl';
const logs = () =>
  [log, naiveLog]
    .filter(existsSync)
    .map((file) => readFileSync(file, 'utf8'))
    .join('');
const forgetLogs = () => mustRoot(`rm -f ${log} ${naiveLog}`);
const cleanUp = async () => removeNaive();

const elsewhere = '/var/log/elsewhere';
const file = `${elsewhere}/audit.jsonl`;
/** Ways in which a log can be no log. */
const spoiled: { readonly [how: string]: string } = {
  'on a full disk': `mount -t tmpfs -o size=4k,mode=700 full ${elsewhere}; head -c 4096 /dev/zero >${file}`,
  'a directory': `mkdir ${file}`,
  'a pipe': `mkfifo ${file}`,
  'somebody else’s': `: >${file}; chown bob ${file}`,
  'open for writing': `: >${file}; chmod 666 ${file}`,
  'in a directory that is open for writing': `chmod 777 ${elsewhere}`,
  'in a directory of somebody else’s': `chown bob ${elsewhere}`,
  'in no directory': `rm -r ${elsewhere}; : >${elsewhere}`,
  'on a read-only disk': `mount -t tmpfs -o ro,mode=700 full ${elsewhere}`,
  'a device': `mknod ${file} c 1 3`,
};

const forged = '{"user":"root","decision":"allow","argv":["forged"]}';
const secret = 'hunter2';

export const audit: Area = {
  title: 'the record',
  attacks: [
    {
      id: 'record-forged-by-a-line-end',
      who: 'alice',
      wants: 'a line in the log that says something of root',
      prepare: forgetLogs,
      control: () => naively('alice', `sudo ${naive} ps 'x\n${forged}'`),
      spellings: [
        'an argument',
        'a name',
        'a value',
        'a directory',
        'a carriage return',
        'a command',
        'a separator of lines',
      ],
      attack: (where) => {
        const line = `'x\n${forged}\n'`;
        switch (where) {
          case 'an argument':
            return userdocker('alice', `run box echo ${line}`);
          case 'a name':
            return userdocker('alice', `run --name ${line} box`);
          case 'a value':
            return userdocker('alice', `run -l a=${line} -w ${line} box true`);
          case 'a directory':
            return as(
              'alice',
              `mkdir -p "$(printf 'd\\n${forged.replaceAll('"', '\\"')}\\n-')"; cd d*; sudo userdocker ps; cd; rm -r d*`,
            );
          case 'a carriage return':
            return userdocker('alice', `run box echo "$(printf 'x\\r')"'${forged}'`);
          case 'a command':
            return userdocker('alice', `${line} ps`);
          default:
            return userdocker(
              'alice',
              `run box echo "$(printf 'x\\342\\200\\250')"'${forged}'"$(printf '\\302\\205')"`,
            );
        }
      },
      reached: () =>
        logs()
          .split(/[\n\r\u0085\u2028\u2029]/)
          .includes(forged),
      cleanUp,
    },
    {
      id: 'terminal-told-by-the-log',
      who: 'alice',
      wants: 'escape sequences in what an admin reads on a terminal',
      prepare: forgetLogs,
      control: () => naively('alice', `sudo ${naive} ps "$(printf '\\033]0;owned\\007')"`),
      spellings: [
        '\\033]0;x\\007',
        '\\302\\233 31m',
        '\\033[31m',
        '\\342\\200\\256',
        '\\357\\273\\277\\033',
        '\\177\\010',
      ],
      attack: async (bytes) => {
        const nasty = `"$(printf 'a${bytes}b')"`;
        const calls = [
          `${nasty}`,
          `logs ${nasty}`,
          `run --name ${nasty} box`,
          `run -v ${nasty}:/x box`,
          `run ${nasty}`,
          `run -l x=${nasty} box true`,
        ];
        const outcomes = [];
        for (const call of calls) outcomes.push(await userdocker('alice', call));
        return { status: 0, signal: null, stdout: '', stderr: outcomes.map(({ stderr }) => stderr).join('') };
      },
      reached: ({ stderr }) => /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\ufeff]/.test(logs() + stderr),
      cleanUp,
    },
    {
      id: 'log-filled-by-one-call',
      who: 'alice',
      wants: 'a megabyte of root’s disk for each call',
      prepare: forgetLogs,
      control: () =>
        naively(
          'alice',
          `x=$(head -c 100000 /dev/zero | tr '\\0' x); sudo ${naive} ps $x $x $x $x $x $x $x $x $x $x`,
        ),
      spellings: [
        'run box true WORDS',
        'WORDS',
        'run WORDS',
        'run -e A=X box',
        'run --name X box',
        'exec X id',
      ],
      attack: (words) =>
        as(
          'alice',
          `x=$(head -c 100000 /dev/zero | tr '\\0' x); sudo userdocker ${words.replace('WORDS', '$x $x $x $x $x $x $x $x $x $x').replace('X', '$x')}`,
        ),
      reached: () => logs().length > 100_000,
      cleanUp,
    },
    {
      id: 'call-that-is-not-recorded',
      who: 'alice',
      wants: 'a container of which no record tells, because none can be written',
      prepare: () => mustRoot(`mkdir -m 700 ${elsewhere}`),
      control: async (how) => {
        await mustRoot(spoiled[how] ?? '');
        writeConfig({ audit: { file, required: false } });
        return userdocker('alice', 'run box echo it ran');
      },
      spellings: Object.keys(spoiled),
      attack: async (how) => {
        await mustRoot(spoiled[how] ?? '');
        writeConfig({ audit: { file } });
        return userdocker('alice', 'run box echo it ran');
      },
      reached: ({ stdout }) => stdout.includes('it ran'),
      status: 69,
      refused: /this call can ?not be recorded/,
      cleanUp: () => mustRoot(`umount ${elsewhere} 2>/dev/null; rm -rf ${elsewhere}`),
    },
    {
      id: 'log-that-is-a-link',
      who: 'alice',
      wants: 'a line of root’s at the end of a file of her choice',
      prepare: () =>
        mustRoot(
          `mkdir -p -m 700 ${elsewhere}; rm -f /etc/target; : >/etc/target; ln -s /etc/target /home/alice/log; ln -s /etc/target ${file}`,
        ),
      control: () => asRoot('echo "alice: ps" >>/home/alice/log'),
      spellings: [file, '/home/alice/log', '/home/alice/../alice/log'],
      attack: (path) => {
        writeConfig({ audit: { file: path } });
        return userdocker('alice', 'ps');
      },
      reached: () => statSync('/etc/target').size > 0,
      cleanUp: () => mustRoot(`rm -rf ${elsewhere} /etc/target /home/alice/log`),
    },
    {
      id: 'secrets-in-the-record',
      who: 'bob',
      wants: 'alice’s password, from a log that he may be allowed to read one day',
      prepare: forgetLogs,
      control: () => naively('alice', `sudo ${naive} run --rm -e PASSWORD=${secret} box true`),
      spellings: [
        `run -e PASSWORD=${secret} box true`,
        `run --env PASSWORD=${secret} box true`,
        `run --env=PASSWORD=${secret} box true`,
        `run -ePASSWORD=${secret} box true`,
        `run -ie PASSWORD=${secret} box true`,
        `run -itde PASSWORD=${secret} box true`,
        `run -e 'A=b ${secret}' box true`,
        `run -e PASSWORD=${secret} --privileged box true`,
        `run -e PASSWORD=${secret} --nonsense box`,
        `--debug run -e PASSWORD=${secret} box true`,
        `exec -e PASSWORD=${secret} none true`,
        `explain run -e PASSWORD=${secret} box`,
      ],
      attack: (words) => userdocker('alice', words),
      reached: () => logs().includes(secret),
      cleanUp,
    },
    {
      id: 'call-that-ends-before-its-record',
      who: 'alice',
      wants: 'a container of which no record tells, because she has killed the call in time',
      prepare: forgetLogs,
      // Written down when docker has come back, as by a wrapper that wants to note the exit status.
      control: async () => {
        await asRoot(
          `timeout -s KILL 2 sh -c 'docker run -d box sleep 100; sleep 4; echo run >>${naiveLog}'`,
        );
        return asRoot('true');
      },
      spellings: ['100', '200', '300', '400', '600', '900'],
      attack: async (delay) => {
        const call = startCall('alice', '--executor=docker run -d box sleep 100');
        await sleep(Number(delay));
        call.signal('SIGKILL', 'all');
        await call.ended;
        await sleep(500);
        return asRoot('true');
      },
      reached: async () => {
        const made = (await docker(['ps', '-aq'])) !== '';
        const noted = existsSync(log) && auditRecords().some(({ exec }) => exec !== null);
        return made && !noted;
      },
    },
    {
      id: 'records-of-others',
      who: 'bob',
      wants: 'to read what alice does',
      prepare: forgetLogs,
      control: async () => {
        await asRoot(`umask 022; echo alice: ps >>${naiveLog}`);
        return as('bob', `cat ${naiveLog}`);
      },
      spellings: [
        `cat ${log}`,
        `cat ${log}.1`,
        'sudo userdocker-admin log',
        'sudo userdocker log',
        `sudo userdocker run -v /var/log/userdocker:/x box cat /x/audit.jsonl`,
      ],
      attack: async (line) => {
        await mustUserdocker('alice', 'ps');
        return as('bob', `${line} </dev/null`);
      },
      reached: ({ stdout }) => stdout.includes('alice'),
      cleanUp,
    },
  ],
};

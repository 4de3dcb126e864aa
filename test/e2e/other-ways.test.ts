import { expect, test } from 'vitest';
import { mustRoot } from './support/users.ts';

// doas and pkexec make a process root and say who called in variables of their own. Taken for root's, the call would be judged
// as root's: everything is allowed.
test.each(['DOAS_USER=alice', 'PKEXEC_UID=1000', 'SUDO_COMMAND=x'])(
  'a caller of whom only %s tells is not root',
  async (variable) => {
    const said = await mustRoot(`env -i ${variable} /usr/local/bin/userdocker -n ps 2>&1; echo status $?`);
    expect(said).toContain('it is not known who calls');
    expect(said).toContain('status 77');
  },
);
test('root itself is', async () => {
  expect(await mustRoot('env -i /usr/local/bin/userdocker -n ps; echo status $?')).toContain('status 0');
});

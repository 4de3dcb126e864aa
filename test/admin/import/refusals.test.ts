/** What is no plain setting is not guessed at: it is told with its lines, and nothing that depends on it is believed. */
import { describe, expect, test } from 'vitest';
import { convert, marks, setting } from './support.ts';

describe('a statement that is not followed', () => {
  test.each([
    ['if uid == 0:\n    CAPS_DROP = []', '1: an if statement', 'caps_drop'],
    ["if uid == 0:\n    CAPS_DROP.remove('ALL')", '1: an if statement', 'caps_drop'],
    ['X = CAPS_DROP\nfor c in []:\n    X.append(c)', '2: a for loop', 'caps_drop'],
    ["while True:\n    RUN_PULL = 'x'", '1: a while loop', 'images.pull'],
    ['def f():\n    CAPS_DROP.clear()', '1: a function', 'caps_drop'],
    ['def f():\n    g()\nCAPS_DROP = ["ALL"]\nf()', '4: a call', 'caps_drop'],
    ['class A:\n    CAPS_DROP = []', '1: a class', 'caps_drop'],
    ['try:\n    CAPS_DROP = []\nexcept OSError:\n    pass', '1: a try statement', 'caps_drop'],
    ["with open('x') as CAPS_DROP:\n    pass", '1: a with statement', 'caps_drop'],
    ['from site_settings import *', '1: an import', 'caps_drop'],
    ['from site_settings import CAPS_DROP', '1: an import', 'caps_drop'],
    ["exec('CAPS_DROP = []')", '1: a call', 'caps_drop'],
    ["globals()['CAPS_DROP'] = []", '1: an assignment of this kind', 'caps_drop'],
    ['change(CAPS_DROP)', '1: a call', 'caps_drop'],
    ['X = change(CAPS_DROP)', '1: a call: change(CAPS_DROP)', 'caps_drop'],
    ['X = [CAPS_DROP.append(x) for x in []]', '1: a comprehension', 'caps_drop'],
    ['X = (CAPS_DROP := [])', '1: an assignment inside an expression', 'caps_drop'],
    ["X = CAPS_DROP if uid else []\nX.append('KILL')", '1: a value that depends on a condition', 'caps_drop'],
    ['g = lambda: CAPS_DROP.clear()\ng()', '2: a call', 'caps_drop'],
    ['f = None\nclass A:\n  pass\nx = A()\nX = CAPS_DROP + x', '2: a class', 'caps_drop'],
    ["A = [(RUN_PULL := 'always')]", '1: an assignment inside an expression', 'images.pull'],
    ["A = f(B := 1, RUN_PULL := 'x')", "1: a call: f(B := 1, RUN_PULL := 'x')", 'images.pull'],
    ["CAPS_ADD.append(RUN_PULL := 'x')", '1: a call', 'images.pull'],
    ["CAPS_ADD = ''.join([RUN_PULL := 'x'])", '1: .join of what is no text', 'images.pull'],
    ["A = f'{(RUN_PULL := 1)}'", '1: the field {(RUN_PULL := 1)}', 'images.pull'],
    ["exec('list = evil')\nCAPS_DROP = list(['ALL'])", "2: a call: list(['ALL'])", 'caps_drop'],
    ["from helpers import *\nCAPS_DROP = list(['ALL'])", "2: a call: list(['ALL'])", 'caps_drop'],
    ['CAPS_DROP[0] = 1', '1: an assignment of this kind', 'caps_drop'],
    ['CAPS_DROP *= 0', '1: "*="', 'caps_drop'],
    ['del CAPS_DROP[0]', '1: a del of this kind', 'caps_drop'],
    [
      "CAPS_DROP.remove('KILL')",
      '1: .remove of what is not there: the Python program would fail',
      'caps_drop',
    ],
    ['CAPS_DROP.append()', '1: a call of this kind', 'caps_drop'],
    ['CAPS_DROP.extend(uid)', '1: .extend with what is no known list', 'caps_drop'],
    [
      'CAPS_DROP = [["a"]]\nCAPS_DROP.remove([os.environ["X"]])',
      '2: .remove where not all is known',
      'caps_drop',
    ],
    ['A = {}\nA.update(uid)\nCAPS_DROP = A', '2: .update with what is no known map', 'caps_drop'],
    [
      "A = {}\nA.pop('x')\nCAPS_DROP = A",
      '2: .pop of what is not there: the Python program would fail',
      'caps_drop',
    ],
    ["A = {'x': 1}\nA.pop(uid)\nCAPS_DROP = A", '2: a call of this kind', 'caps_drop'],
    ['CAPS_DROP = os.environ["X"]', '1: os.environ["X"]', 'caps_drop'],
    [
      "CAPS_DROP = subprocess.check_output(['id'])",
      "1: a call: subprocess.check_output(['id'])",
      'caps_drop',
    ],
    ['CAPS_DROP += sys.argv', '1: sys.argv', 'caps_drop'],
    ['match uid:\n    case 0:\n        CAPS_DROP = []', '1: a statement of this kind', 'caps_drop'],
    ['@wrap\ndef f():\n    global CAPS_DROP\n', '1: a function or class', 'caps_drop'],
  ])('%j', async (text, mark, path) => {
    const conversion = await convert(text);
    expect(marks(conversion)).toContain(mark);
    expect(setting(conversion, path)).toEqual(expect.stringMatching(/^undecided: /));
  });
});

describe('what does not depend on it is converted', () => {
  test.each([
    ["if uid == 0:\n    CAPS_DROP = []\nRUN_PULL = 'never'", 'images.pull', 'never'],
    ['import os\nCAPS_DROP = ["ALL", "KILL"]', 'caps_drop', ['ALL', 'KILL']],
    ["if uid == 0:\n    CAPS_DROP = []\nCAPS_DROP = ['ALL']", 'caps_drop', ['ALL']],
    ['def f():\n    return 1\nRUN_PULL = "never"', 'images.pull', 'never'],
    ["DATA = os.environ['DATA']\nRUN_PULL = 'always'", 'images.pull', 'always'],
  ])('%j', async (text, path, expected) => {
    const conversion = await convert(text);
    expect(marks(conversion)).not.toEqual([]);
    expect(setting(conversion, path)).toEqual(expected);
  });
});

describe('one unknown entry', () => {
  test('of a list that grants is left out and told', async () => {
    const conversion = await convert("VOLUME_MOUNTS_AVAILABLE = ['/a:/a', os.environ['X'], '/b:/b']");
    expect(setting(conversion, 'volume_mounts.available')).toEqual(['/a:/a', '/b:/b']);
    expect(marks(conversion)).toEqual(["1: os.environ['X']"]);
  });
  test('of a list that enforces leaves the list undecided', async () => {
    const conversion = await convert("ARGS_ALWAYS = {'run': ['--rm', os.environ['X']]}");
    expect(setting(conversion, 'args.run.always')).toMatch(/^undecided: /);
  });
  test('that is taken away from a list that grants leaves the list undecided', async () => {
    const conversion = await convert('', {
      'group/config_10_lab.py': "ALLOWED_SUBCOMMANDS.remove('bu' 'ild')",
    });
    expect(setting(conversion, 'allowed_subcommands', 'group/config_10_lab.yaml')).toMatch(/^undecided: /);
  });
});

describe('what userdocker does not have', () => {
  test.each([
    ["ALLOWED_SUBCOMMANDS += ['build']", 'userdocker does not have the command build'],
    ["VOLUME_MOUNTS_AVAILABLE = ['/a:/b:z']", 'userdocker has no other flags'],
    ["VOLUME_MOUNTS_AVAILABLE = ['/a']", 'without a place in the container'],
    ["VOLUME_MOUNTS_DEFAULT = ['/a:']", 'say where'],
    ["VOLUME_MOUNTS_AVAILABLE = ['data:/b']", 'not an absolute path'],
    ["VOLUME_MOUNTS_AVAILABLE = ['/a/**:/b']", 'a "*"'],
    ["VOLUME_MOUNTS_AVAILABLE = ['/a/../b:/b']", 'not a clean path'],
    ["VOLUME_MOUNTS_AVAILABLE = ['/a/${home}:/b']", '"${"'],
    ["ALLOWED_IMAGE_REGEXPS = ['(?i)abc']", '"(?i)a"'],
    ["ALLOWED_IMAGE_REGEXPS = ['\\\\xzz']", '\\x in a regular expression'],
    ["ALLOWED_IMAGE_REGEXPS = ['[' + user_name + ']']", 'a variable inside of [...]'],
    ["ARGS_AVAILABLE['run'] = ['--cidfile=']", "--cidfile can't be offered"],
    ["ARGS_AVAILABLE['run'] = ['-v=']", 'a setting of its own'],
    ["ARGS_AVAILABLE['run'] = [1]", 'neither an option nor its names'],
    ["ARGS_AVAILABLE['run'] = ['--workdir']", '--workdir takes a value'],
    ["ARGS_AVAILABLE['run'] = ['--shm-size 1g']", 'a blank'],
    ["ARGS_AVAILABLE['run'] = [('--env=A', '--env=B'), ('-e', '--env=C')]", 'with other values'],
    ["ARGS_ALWAYS = {'run': ['--cap-add=ALL']}", 'a setting of its own'],
    ["CAPS_ADD = ['sys admin']", 'expected a capability'],
    ["ENV_VARS = ['PATH']", 'a variable without a value'],
    ["ENV_VARS = ['USERDOCKER=x']", 'set by userdocker alone'],
    ["NV_ALLOWED_GPUS = ['a b']", 'expected the index or UUID'],
    ["RUN_PULL = 'sometimes'", 'images.pull is not decided'],
    ['PRIVILEGED = True', 'no such setting'],
    ["ARGS_AVAILABLE['build'] = ['--pull']", 'does not have the command build'],
  ])('%s', async (text, expected) => {
    expect(marks(await convert(text))).toContainEqual(expect.stringContaining(expected));
  });
});

describe('a list of patterns that an empty one would open to everything', () => {
  test('stays undecided where another file decides whether it is empty', async () => {
    const conversion = await convert('ALLOWED_IMAGE_REGEXPS = []', {
      'group/config_10_lab.py': "ALLOWED_IMAGE_REGEXPS += ['a']",
      'group/config_20_dept.py': "ALLOWED_IMAGE_REGEXPS += ['b']",
    });
    expect(setting(conversion, 'images.allowed')).toEqual(['.*']);
    expect(setting(conversion, 'images.allowed', 'group/config_20_dept.yaml')).toBe(
      'undecided: whether the list is empty depends on other files',
    );
  });
});

describe('the environment', () => {
  test('what the Python program sets and a file does not is taken away', async () => {
    const conversion = await convert("ENV_VARS = ['A=1', 'B=2']", {
      'group/config_10_lab.py': "ENV_VARS = ['B=3']",
    });
    expect(setting(conversion, 'env-')).toEqual(['HOME']);
    expect(setting(conversion, 'env_always.A')).toBe('1');
    expect(setting(conversion, 'env_always-', 'group/config_10_lab.yaml')).toEqual(['A']);
    expect(setting(conversion, 'env_always.B', 'group/config_10_lab.yaml')).toBe('3');
  });
});

describe('files of groups, when another of them changes the same', () => {
  const other = { 'user/config_bob.py': "RUN_PULL = 'never'\nALLOWED_SUBCOMMANDS += ['stop']\nDATA = '/b'" };
  test('a list that is added to stays an addition', async () => {
    const conversion = await convert('', {
      'group/config_10_lab.py': "ALLOWED_SUBCOMMANDS += ['exec']",
      ...other,
    });
    expect(marks(conversion)).toEqual([]);
    expect(setting(conversion, 'allowed_subcommands+', 'group/config_10_lab.yaml')).toEqual(['exec']);
    expect(setting(conversion, 'allowed_subcommands+', 'user/config_bob.yaml')).toEqual(['stop']);
  });
  test.each([
    ['RUN_PULL = RUN_PULL', 'images.pull'],
    ["VOLUME_MOUNTS_AVAILABLE = [DATA + ':/d']", 'volume_mounts.available'],
    ['CAPS_ADD = ALLOWED_SUBCOMMANDS', 'caps_add'],
  ])('%s depends on who is in which group', async (text, path) => {
    const conversion = await convert("DATA = '/a'", { 'group/config_10_lab.py': text, ...other });
    expect(marks(conversion)).not.toEqual([]);
    expect(setting(conversion, path, 'group/config_10_lab.yaml')).not.toEqual(
      expect.arrayContaining(['/a:/d']),
    );
  });
  test('a list that two settings share is not changed in one', async () => {
    const conversion = await convert('VOLUME_MOUNTS_AVAILABLE = VOLUME_MOUNTS_DEFAULT', {
      'group/config_10_lab.py': "VOLUME_MOUNTS_DEFAULT += ['/x:/x']",
    });
    const file = 'group/config_10_lab.yaml';
    expect(setting(conversion, 'volume_mounts.default', file)).toMatch(/^undecided: /);
    expect(setting(conversion, 'volume_mounts.available', file)).toMatch(/^undecided: /);
  });
});

test('no expression at all lets every image through, and one that is added then no longer', async () => {
  const conversion = await convert('ALLOWED_IMAGE_REGEXPS = []', {
    'group/config_10_lab.py': "ALLOWED_IMAGE_REGEXPS += ['^lab/']",
  });
  expect(setting(conversion, 'images.allowed')).toEqual(['.*']);
  expect(setting(conversion, 'images.allowed', 'group/config_10_lab.yaml')).toEqual(['^lab/.*']);
  const emptied = await convert("ALLOWED_IMAGE_REGEXPS = ['a']", {
    'group/config_10_lab.py': "ALLOWED_IMAGE_REGEXPS.remove('a')",
  });
  expect(setting(emptied, 'images.allowed', 'group/config_10_lab.yaml')).toEqual(['.*']);
});

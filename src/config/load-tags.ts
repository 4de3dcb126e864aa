/** `images.load_tags`: a tree of image names that is fixed at its root and another one for every user. */
import type { Caller } from '../domain/caller.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { imageUserComponent } from '../policy/image-user.ts';
import { parseTagTree } from '../policy/images.ts';
import { type Parse, writtenText } from './values.ts';
import { variablesIn } from './variables.ts';

/** The setting as written; judged without its variables. */
export const loadTags: Parse<string> = (value) => {
  const written = writtenText(value);
  if (!written.ok) return written;
  const template = written.value;
  const variables = variablesIn(template);
  const other = variables.find((name) => name !== 'user' && name !== 'uid');
  if (other !== undefined) return err(`\${${other}} has no place here; there are \${user} and \${uid}`);
  if (variables.length === 0)
    return err(`${template} would be shared by all users: put in \${user} or \${uid}`);
  if (!template.endsWith('/'))
    return err(`${template} must end in "/": alice's tree must not begin alice2's`);
  const domain = template.split('/', 1)[0] ?? '';
  // docker shows docker.io/alice/x as alice/x and pulls it from there: a name that a registry gives to others.
  const isHost = domain === 'localhost' || (/[.:]/.test(domain) && !/^(?:index\.)?docker\.io$/.test(domain));
  if (!isHost)
    return err(`${template} must begin with a host other than docker.io, such as localhost/\${user}/`);
  const tree = parseTagTree(template);
  return tree.ok ? ok(template) : tree;
};

/** The caller's own tree. */
export function fillLoadTags(template: string, { user, uid }: Caller): Result<string> {
  const own = template.replaceAll('${user}', imageUserComponent(user, uid)).replaceAll('${uid}', String(uid));
  const tree = parseTagTree(own);
  return tree.ok ? ok(own) : tree;
}

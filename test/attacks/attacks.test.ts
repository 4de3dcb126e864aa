import { catalogue } from './catalogue/index.ts';
import { hold } from './support/hold.ts';

for (const area of catalogue) hold(area);

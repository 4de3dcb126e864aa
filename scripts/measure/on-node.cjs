// Loaded before the program where it is measured: what was run is written when the process ends, and is lost where it becomes
// another one. So as on Node 20, whichever Node this is.
const process = require('node:process');

process.execve = undefined;

import { HELP, readArguments, UsageError, type Arguments } from './arguments.js';
import { showAround } from './interactive.js';
import { runOnce } from './once.js';
import { openShop } from './shop.js';

/** Steps that undo what was started, run from last to first. */
const undos: (() => Promise<void>)[] = [];
let stopping: Promise<void> | undefined;

const say = (line: string) => process.stdout.write(`${line}\n`);

function stopEverything(): Promise<void> {
  stopping ??= (async () => {
    for (let undo = undos.pop(); undo !== undefined; undo = undos.pop())
      await undo().catch((error: unknown) => say(String(error)));
  })();
  return stopping;
}

/** Ends the process in order, whatever is being started or done. A second Ctrl-C changes nothing: the stop is bounded. */
function interrupted(args: Arguments): void {
  if (stopping !== undefined) return;
  say('\nstopping …');
  void stopEverything().then(() => {
    say('everything is stopped, the data is kept');
    process.exit(args.once ? 130 : 0);
  });
}

async function main(args: Arguments): Promise<number> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted(args));
  const shop = await openShop(args, say, (undo) => undos.push(undo));
  if (!args.once) {
    await Promise.race([shop.broken, showAround(shop, args, say)]);
    return shop.broken;
  }
  const { result, problems } = await Promise.race([shop.broken, runOnce(shop, args, say)]);
  await stopEverything();
  for (const problem of problems) process.stderr.write(`not as it should be: ${problem}\n`);
  say(JSON.stringify(result));
  return problems.length === 0 ? 0 : 1;
}

try {
  const args = readArguments(process.argv.slice(2));
  if (args.help) say(HELP);
  else process.exitCode = await main(args);
} catch (error) {
  if (stopping !== undefined) await new Promise(() => {}); // A part failed because it is being stopped.
  process.stderr.write(`npm start: ${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof UsageError) {
    process.stderr.write('npm start -- --help shows what there is\n');
    process.exitCode = 2;
  } else {
    await stopEverything();
    process.exitCode = 1;
  }
}

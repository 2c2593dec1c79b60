import { type ChildProcess, spawn } from 'node:child_process';

/** Reads `+ pid` and `- pid`; when this process is gone, however it ended, kills the process groups that are left. */
const SCRIPT = `
trap '' HUP INT TERM
live=" "
while read -r sign pid; do
  case $sign in
    +) live="$live$pid " ;;
    -) live="\${live%%" $pid "*} \${live#*" $pid "}" ;;
  esac
done
for pid in $live; do kill -KILL "-$pid"; done 2>/dev/null
`;

let reaper: ChildProcess | null = null;

/** Makes sure that a process group ends with this process, even after SIGKILL. */
export function watchGroup(pid: number): void {
  reaper ??= start();
  reaper.stdin?.write(`+ ${pid}\n`);
}

export function unwatchGroup(pid: number): void {
  reaper?.stdin?.write(`- ${pid}\n`);
}

function start(): ChildProcess {
  const child = spawn('/bin/sh', ['-c', SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  return child;
}

import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, startChild } from '../process/child.ts';
import { LogBuffer } from '../process/log.ts';
import type { SpaceRow } from '../store/tables.ts';
import type { Build } from './checkout.ts';
import { answers } from './ports.ts';

export type SpaceStage =
  | 'NO_APP_FILE'
  | 'CONFIG_ERROR'
  | 'BUILDING'
  | 'BUILD_ERROR'
  | 'APP_STARTING'
  | 'RUNNING'
  | 'RUNNING_BUILDING'
  | 'RUNTIME_ERROR'
  | 'PAUSED';

export interface RuntimeDeps {
  now(): number;
  /** Address the Space is reached at. */
  host: string;
  build(space: SpaceRow): Promise<Build>;
  /** The Space's row as it is now; `undefined` when it was deleted. */
  row(): SpaceRow | undefined;
  /** Why the hub will not run it, or `null`. */
  refusal(space: SpaceRow): string | null;
  /** A port that is free now; kept for the next start. */
  port(space: SpaceRow): Promise<number>;
  environment(space: SpaceRow, build: Build, port: number): Promise<Record<string, string>>;
}

const CALM_MS = 150;
const MAX_CALM_MS = 1000;
const STARTUP_MS = 120_000;
const HEALTHY_MS = 10_000;
const MAX_RESTARTS = 6;

/** One Space: a child process that is rebuilt, restarted and watched. */
export class SpaceRuntime {
  stage: SpaceStage = 'NO_APP_FILE';
  errorMessage: string | undefined;
  readonly buildLog: LogBuffer;
  readonly runLog: LogBuffer;
  sha: string | undefined;
  private readonly deps: RuntimeDeps;
  private child: Child | null = null;
  private build: Build | null = null;
  private timer: NodeJS.Timeout | undefined;
  private touchedAt = Number.NEGATIVE_INFINITY;
  /** Counts starts: whatever belongs to an older one stops caring. */
  private generation = 0;
  private working: Promise<void> = Promise.resolve();

  constructor(deps: RuntimeDeps) {
    this.deps = deps;
    this.buildLog = new LogBuffer(deps.now);
    this.runLog = new LogBuffer(deps.now);
  }

  /** Something changed: (re)start once changes have calmed down. */
  touch(calmMs = this.calm()): void {
    const space = this.deps.row();
    if (!space || space.paused) return;
    if (!space.files.Dockerfile) {
      this.stage = 'NO_APP_FILE';
      return;
    }
    this.stage =
      this.stage === 'RUNNING' || this.stage === 'RUNNING_BUILDING' ? 'RUNNING_BUILDING' : 'BUILDING';
    this.schedule(calmMs, 0);
  }

  /** Three times the pause between the last two changes: on a busy machine they come more slowly. */
  private calm(): number {
    const gap = performance.now() - this.touchedAt;
    this.touchedAt = performance.now();
    return gap > MAX_CALM_MS ? CALM_MS : Math.min(MAX_CALM_MS, Math.max(CALM_MS, 3 * gap));
  }

  /** Ends the process and stays so until the next touch. */
  async stop(stage: SpaceStage): Promise<void> {
    clearTimeout(this.timer);
    this.generation++;
    this.stage = stage;
    await this.working;
    await this.endChild();
    this.stage = stage;
  }

  private schedule(delayMs: number, restarts: number): void {
    clearTimeout(this.timer);
    const generation = ++this.generation;
    this.timer = setTimeout(() => {
      this.working = this.working
        .then(() => this.start(generation, restarts))
        .catch((error) => this.fail(error));
    }, delayMs);
  }

  private async start(generation: number, restarts: number): Promise<void> {
    const space = this.deps.row();
    if (!space || generation !== this.generation) return;
    await this.endChild();
    this.errorMessage = undefined;
    const refusal = this.deps.refusal(space);
    if (refusal) return this.give('CONFIG_ERROR', refusal);
    this.stage = 'BUILDING';
    const build = await this.ensureBuild(space);
    if (!build || generation !== this.generation) return;
    this.stage = 'APP_STARTING';
    await this.launch(space, build, generation, restarts);
  }

  private async ensureBuild(space: SpaceRow): Promise<Build | null> {
    if (this.build?.sha === space.sha) return this.build;
    this.buildLog.clear();
    this.buildLog.add(`Checking out ${space.repo} at ${space.sha}`);
    try {
      this.build = await this.deps.build(space);
      this.buildLog.add(`Starts with: ${this.build.launch.program} ${this.build.launch.args.join(' ')}`);
      return this.build;
    } catch (error) {
      this.build = null;
      this.buildLog.add((error as Error).message);
      this.give('BUILD_ERROR', (error as Error).message);
      return null;
    }
  }

  private async launch(space: SpaceRow, build: Build, generation: number, restarts: number): Promise<void> {
    const port = await this.deps.port(space);
    const env = await this.deps.environment(space, build, port);
    const started = this.deps.now();
    this.runLog.add(`===== Application started at ${new Date(started).toISOString()} =====`);
    const child = startChild({
      command: build.launch.program === 'node' ? process.execPath : build.launch.program,
      args: build.launch.args,
      cwd: build.dir,
      env,
      onLine: (line) => this.runLog.add(line),
    });
    this.child = child;
    void child.exited.then((exit) => {
      if (this.child !== child) return;
      this.child = null;
      const reason = exit.error ?? (exit.signal ? `killed by ${exit.signal}` : `exit code ${exit.code}`);
      this.crashed(reason, this.deps.now() - started > HEALTHY_MS ? 0 : restarts);
    });
    void this.waitForPort(child, port, generation, build.sha);
  }

  private async waitForPort(child: Child, port: number, generation: number, sha: string): Promise<void> {
    const deadline = performance.now() + STARTUP_MS;
    while (this.child === child && generation === this.generation && performance.now() < deadline) {
      if (await answers(this.deps.host, port)) {
        if (this.child !== child || generation !== this.generation) return;
        this.stage = 'RUNNING';
        this.sha = sha;
        return;
      }
      await sleep(20);
    }
    if (this.child !== child || generation !== this.generation) return;
    this.give('RUNTIME_ERROR', `The app did not listen on port ${port} within ${STARTUP_MS / 1000} s.`);
    await this.endChild();
  }

  private crashed(reason: string, restarts: number): void {
    const last = this.runLog.tail(20).map((line) => line.data);
    this.give('RUNTIME_ERROR', `The app ended (${reason}).\n${last.join('')}`);
    this.runLog.add(`===== The app ended: ${reason} =====`);
    if (restarts < MAX_RESTARTS) this.schedule(1000 * 2 ** restarts, restarts + 1);
  }

  private async endChild(): Promise<void> {
    const { child } = this;
    this.child = null;
    await child?.stop();
  }

  private give(stage: SpaceStage, message: string): void {
    this.stage = stage;
    this.errorMessage = message;
  }

  private fail(error: unknown): void {
    this.give('RUNTIME_ERROR', (error as Error).message);
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { answers, freePort } from '../../ports.ts';
import { rewritePaths } from '../jobs/mounts.ts';
import { type Child, startChild } from '../process/child.ts';
import { LogBuffer } from '../process/log.ts';
import type { SpaceRow } from '../store/tables.ts';
import { type Build, entryFile } from './checkout.ts';
import type { Launch } from './dockerfile.ts';
import { Gate } from './gate.ts';
import { sleepsAfter } from './hardware.ts';
import { startStatic } from './static.ts';
import type { SpaceVolumes } from './volumes.ts';

export type SpaceStage =
  | 'NO_APP_FILE'
  | 'CONFIG_ERROR'
  | 'BUILDING'
  | 'BUILD_ERROR'
  | 'APP_STARTING'
  | 'RUNNING'
  | 'RUNNING_BUILDING'
  | 'RUNTIME_ERROR'
  | 'SLEEPING'
  | 'PAUSED';

/** What runs for a Space: a child process, or the hub itself for a static one. */
export type App = Pick<Child, 'exited' | 'stop'>;

/** Where visitors go, and where the app listens. */
export interface Ports {
  address: number;
  app: number;
}

export interface RuntimeDeps {
  now(): number;
  /** Address the hub reaches the Space at. */
  host: string;
  /** Address it listens on; other than `host` when other machines are served. */
  bind(space: SpaceRow): string;
  build(space: SpaceRow): Promise<Build>;
  /** The Space's row as it is now; `undefined` when it was deleted. */
  row(): SpaceRow | undefined;
  volumes: SpaceVolumes;
  /** Why the hub will not run it, or `null`. */
  refusal(space: SpaceRow): string | null;
  /** A port that is free now; kept for the next start. */
  port(space: SpaceRow): Promise<number>;
  environment(space: SpaceRow, launch: Launch, ports: Ports): Promise<Record<string, string>>;
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
  private child: App | null = null;
  /** Stands before the app of a Space that may sleep. */
  private gate: Gate | null = null;
  private innerPort: number | null = null;
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
    const entry = entryFile(space.sdk);
    if (entry !== null && !space.files[entry]) {
      clearTimeout(this.timer);
      this.generation++;
      this.stage = 'NO_APP_FILE';
      void this.end();
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
    await this.end();
    await this.closeGate();
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
      for (const note of this.build.notes) this.buildLog.add(note);
      return this.build;
    } catch (error) {
      this.build = null;
      this.buildLog.add((error as Error).message);
      this.give('BUILD_ERROR', (error as Error).message);
      return null;
    }
  }

  private async launch(space: SpaceRow, build: Build, generation: number, restarts: number): Promise<void> {
    const port = await this.openPort(space);
    const started = this.deps.now();
    this.runLog.add(`===== Application started at ${new Date(started).toISOString()} =====`);
    const child = await this.startApp(space, build, port);
    this.child = child;
    void child.exited.then((exit) => {
      if (this.child !== child) return;
      this.child = null;
      const reason = exit.error ?? (exit.signal ? `killed by ${exit.signal}` : `exit code ${exit.code}`);
      this.crashed(reason, this.deps.now() - started > HEALTHY_MS ? 0 : restarts);
    });
    void this.waitForPort(child, port, generation, build.sha);
  }

  private async startApp(space: SpaceRow, build: Build, port: number): Promise<App> {
    const { launch } = build;
    if (!launch) return startStatic(build.dir, this.gate ? this.deps.host : this.deps.bind(space), port);
    const mounts = await this.deps.volumes.attach(space);
    const place = (text: string) => rewritePaths(text, mounts);
    const env = await this.deps.environment(space, launch, { address: this.gate?.port ?? port, app: port });
    return startChild({
      command: launch.program === 'node' ? process.execPath : launch.program,
      args: launch.args.map(place),
      cwd: build.dir,
      env: Object.fromEntries(Object.entries(env).map(([key, value]) => [key, place(value)])),
      onLine: (line) => this.runLog.add(line),
    });
  }

  /** Where the app is to listen: at the Space's address, or behind the gate that stands there. */
  private async openPort(space: SpaceRow): Promise<number> {
    const idleS = sleepsAfter(space);
    if (idleS === null) await this.closeGate();
    const port = this.gate?.port ?? (await this.deps.port(space));
    if (idleS === null) return port;
    const { host } = this.deps;
    const [upstream, onIdle] = [() => this.wake(), () => void this.fallAsleep()];
    this.gate ??= await Gate.open({ host, bind: this.deps.bind(space), port, upstream, onIdle });
    this.gate.idleMs = idleS * 1000;
    return freePort(host, null);
  }

  private async closeGate(): Promise<void> {
    const { gate } = this;
    this.gate = null;
    await gate?.close();
  }

  /** Ends the app and leaves the gate open. */
  private async fallAsleep(): Promise<void> {
    if (this.stage !== 'RUNNING') return;
    this.generation++;
    this.stage = 'SLEEPING';
    this.runLog.add('===== Sleeping: nobody was here =====');
    await this.end();
  }

  /** Port of the app once it listens; `null` when it does not within the time a start may take. */
  private async wake(): Promise<number | null> {
    if (this.stage === 'SLEEPING') {
      this.stage = 'APP_STARTING';
      this.schedule(0, 0);
    }
    const deadline = performance.now() + STARTUP_MS;
    while (this.gate && performance.now() < deadline) {
      if (this.stage === 'RUNNING' && this.innerPort !== null) return this.innerPort;
      await sleep(20);
    }
    return null;
  }

  private async waitForPort(child: App, port: number, generation: number, sha: string): Promise<void> {
    const deadline = performance.now() + STARTUP_MS;
    while (this.child === child && generation === this.generation && performance.now() < deadline) {
      if (await answers(this.deps.host, port)) {
        if (this.child !== child || generation !== this.generation) return;
        this.stage = 'RUNNING';
        this.sha = sha;
        this.innerPort = port;
        this.gate?.watch();
        return;
      }
      await sleep(20);
    }
    if (this.child !== child || generation !== this.generation) return;
    this.give('RUNTIME_ERROR', `The app did not listen on port ${port} within ${STARTUP_MS / 1000} s.`);
    await this.end();
  }

  private crashed(reason: string, restarts: number): void {
    const last = this.runLog.tail(20).map((line) => line.data);
    this.give('RUNTIME_ERROR', `The app ended (${reason}).\n${last.join('')}`);
    this.runLog.add(`===== The app ended: ${reason} =====`);
    if (restarts < MAX_RESTARTS) this.schedule(1000 * 2 ** restarts, restarts + 1);
    else void this.end();
  }

  /** Ends the app when starts that are under way are done: one thing at a time. */
  private end(): Promise<void> {
    this.working = this.working.then(() => this.endChild()).catch((error) => this.fail(error));
    return this.working;
  }

  private async endChild(): Promise<void> {
    const { child } = this;
    this.child = null;
    this.innerPort = null;
    await child?.stop();
    await this.deps.volumes.detach();
  }

  private give(stage: SpaceStage, message: string): void {
    this.stage = stage;
    this.errorMessage = message;
  }

  private fail(error: unknown): void {
    this.give('RUNTIME_ERROR', (error as Error).message);
  }
}

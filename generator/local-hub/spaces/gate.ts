import { connect, createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream';

export interface GateOptions {
  /** Address of the app. */
  host: string;
  /** Address the gate listens on. */
  bind: string;
  port: number;
  /** Port of the running app, woken if it sleeps; `null` when it cannot be had. */
  upstream(): Promise<number | null>;
  /** Nobody sent or received anything for `idleMs`. */
  onIdle(): void;
}

/** Stands at a Space's address, so that silence is noticed and a visitor can wake the app behind it. */
export class Gate {
  readonly port: number;
  idleMs = 0;
  private readonly options: GateOptions;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private timer: NodeJS.Timeout | undefined;

  private constructor(options: GateOptions) {
    this.options = options;
    this.port = options.port;
    this.server = createServer(
      { allowHalfOpen: true, pauseOnConnect: true },
      (socket) => void this.admit(socket),
    );
  }

  static async open(options: GateOptions): Promise<Gate> {
    const gate = new Gate(options);
    await new Promise<void>((resolve, reject) => {
      gate.server.once('error', reject);
      gate.server.listen(options.port, options.bind, resolve);
    });
    return gate;
  }

  /** Counts the silence from now on. */
  watch(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.options.onIdle(), this.idleMs);
    this.timer.unref();
  }

  async close(): Promise<void> {
    clearTimeout(this.timer);
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async admit(visitor: Socket): Promise<void> {
    this.keep(visitor);
    const port = await this.options.upstream();
    if (port === null || visitor.destroyed) return void visitor.destroy();
    const app = connect({ host: this.options.host, port, allowHalfOpen: true });
    this.keep(app);
    for (const socket of [visitor, app]) socket.on('data', () => this.timer?.refresh());
    pipeline(visitor, app, () => undefined);
    pipeline(app, visitor, () => undefined);
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.sockets.delete(socket));
  }
}

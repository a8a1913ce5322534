/** The network front: the only calls of Bun's HTTP server. Everything above takes and gives standard Requests and Responses. */

export interface ListenOptions {
  readonly port: number;
  readonly hostname: string;
  readonly fetch: (request: Request) => Response | Promise<Response>;
  readonly bodyBytesMax: number;
  /** PEM files. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
}

export interface Listener {
  readonly port: number;
  /** Stops accepting, waits for the requests in progress. */
  close(): Promise<void>;
}

/** Seconds an idle keep-alive connection stays open: SDK pools keep theirs for minutes; this is the server's maximum. */
const IDLE_TIMEOUT_S = 255;

/** Starts the server; throws (EADDRINUSE, …) if the address cannot be bound. */
export function listen(options: ListenOptions): Listener {
  const server = Bun.serve({
    port: options.port,
    hostname: options.hostname,
    idleTimeout: IDLE_TIMEOUT_S,
    maxRequestBodySize: options.bodyBytesMax,
    fetch: options.fetch,
    ...(options.tls === undefined
      ? {}
      : { tls: { cert: Bun.file(options.tls.cert), key: Bun.file(options.tls.key) } }),
  });
  return {
    port: server.port ?? options.port,
    close: async () => {
      await server.stop(false);
    },
  };
}

/** The least a program on Hono and Bun does: its start-up and idle memory are the measure of ours. `bun hono-hello.ts <port>`. */
import { Hono } from "hono";

const app = new Hono();
app.get("/", (c) => c.text("hello"));
const server = Bun.serve({ port: Number(process.argv[2] ?? 0), hostname: "127.0.0.1", fetch: app.fetch });
console.log(`endpoint http://127.0.0.1:${server.port}`);
